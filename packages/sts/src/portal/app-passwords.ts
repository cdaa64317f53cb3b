import { mostAppPasswords } from '@postern/mfa'
import { z } from 'zod'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, type Route, redirect } from '../http/route.ts'
import { mayMakeAppPassword } from '../policy/mail/mail-access.ts'
import { type AppPasswordWish, likelyUses, mostNetworks, offeredUses, parseWish, type WishProblems } from './app-password-wish.ts'
import { passOverload } from './overload.ts'
import type { PortalParts } from './ports.ts'
import {
  type AppPasswordComplaints,
  type AppPasswordDraft,
  type AppPasswordUse,
  renderAppPasswordForm,
} from './views/app-password-form.ts'
import { renderAppPasswordsPage, renderNewAppPasswordPage, renderRevokePage } from './views/app-password-pages.ts'
import { portalAddress, requireFound, type Visit, type Visits } from './visit.ts'

const look = { section: 'app-passwords', demand: 'signed-in' } as const
/** Whoever has one reads the mail without a second step, so one is shown before, and lately. */
const make = { section: 'app-passwords', demand: 'fresh-factor' } as const
const tick = z.string().max(8).optional()
const ticks = {
  'use-mail': tick,
  'use-pop': tick,
  'use-activesync': tick,
  'use-exchange': tick,
  'use-jmap': tick,
  'use-sieve': tick,
  'use-powershell': tick,
} as const satisfies Record<`use-${AppPasswordUse}`, z.ZodType>

const blank: AppPasswordDraft = Object.freeze({
  label: '',
  uses: Object.freeze([]),
  binds: true,
  expiry: 'never',
  networks: '',
})

/** App passwords: seen, made where policy allows and after a second factor, and revoked. A secret is on one answer and nowhere else. */
export function createAppPasswordPages(
  parts: Pick<PortalParts, 'appPasswords' | 'mailRules' | 'servedProtocols' | 'transaction'>,
  visits: Visits,
): readonly Route[] {
  const { appPasswords, mailRules, servedProtocols, transaction } = parts

  const offeredTo = async ({ store, account }: Visit) =>
    offeredUses(mayMakeAppPassword(await mailRules(store, account.id), account).protocols, servedProtocols())

  async function showList(visit: Visit, status = 200): Promise<Answer> {
    const { store, account, view, now } = visit
    const passwords = await appPasswords.list(store, account.id)
    const living = passwords.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    const isOffered = (await offeredTo(visit)).length > 0
    const making = !isOffered ? 'closed' : living.length >= mostAppPasswords ? 'full' : 'open'
    const refused = status === 200 ? {} : { reference: visit.reference }
    const apps = await store.mailApps.list(account.id)
    return page(renderAppPasswordsPage({ ...view, ...refused }, { passwords, apps, making }), { status })
  }

  async function create(visit: Visit, wish: AppPasswordWish): Promise<Answer> {
    const { store, account } = visit
    const made = await transaction(async () => {
      const outcome = await appPasswords.create(store, { ...wish, accountId: account.id, createdBy: 'owner' })
      if (outcome.outcome !== 'created') return outcome
      const { protocols, networks, bindsToFirstApp, expiresAt } = wish
      await visit.record({
        event: 'app_password.created',
        detail: {
          appPasswordId: outcome.id,
          label: wish.label,
          protocols: protocols.join(' '),
          ...(networks.length > 0 && { networks: networks.join(' ') }),
          bound: bindsToFirstApp,
          expiresAt,
        },
      })
      await visit.tell({ kind: 'app_password_created', label: wish.label, portal: portalAddress(visit) })
      return outcome
    }).catch(passOverload)
    if (made.outcome === 'full') return showList(visit, 409)
    // The answer to the post itself: whatever a redirect led to would have to keep the secret somewhere in clear.
    return page(renderNewAppPasswordPage(visit.view, { label: wish.label, secret: made.secret }), { scripts: true })
  }

  async function receive(visit: Visit, draft: AppPasswordDraft): Promise<Answer> {
    const offered = await offeredTo(visit)
    if (offered.length === 0) return showList(visit, 403)
    const read = parseWish(draft, { offered, now: visit.now })
    if ('wish' in read) return create(visit, read.wish)
    const { view, reference } = visit
    const complaints = tellProblems(visit, read.problems)
    return page(renderAppPasswordForm({ ...view, reference }, { offered, draft, complaints }), { status: 422 })
  }

  const findOwn = async ({ store, account, id }: Visit) =>
    requireFound((await appPasswords.list(store, account.id)).find((one) => one.id === id))

  return [
    visits.page('/portal/app-passwords', look, (visit) => showList(visit)),
    visits.page('/portal/app-passwords/new', make, async (visit) => {
      const offered = await offeredTo(visit)
      if (offered.length === 0) return redirect(visit.address('/app-passwords'))
      return page(renderAppPasswordForm(visit.view, { offered, draft: { ...blank, uses: likelyUses(offered) } }))
    }),
    visits.form(
      '/portal/app-passwords/new',
      { ...make, page: '/portal/app-passwords/new' },
      {
        label: z.string().max(500),
        networks: z.string().max(2000).default(''),
        expiry: z.enum(['30', '90', '365', 'never']),
        binds: tick,
        ...ticks,
      },
      (visit, form) => {
        const { label, networks, expiry, binds } = form
        const uses = usesIn(form)
        return receive(visit, { label, networks, expiry, binds: binds !== undefined, uses })
      },
    ),
    visits.page('/portal/app-passwords/revoke', look, async (visit) => {
      const count = (await appPasswords.list(visit.store, visit.account.id)).length
      return count === 0 ? redirect(visit.address('/app-passwords')) : page(renderRevokePage(visit.view, { count }))
    }),
    visits.form('/portal/app-passwords/revoke', { ...look, page: '/portal/app-passwords/revoke' }, {}, async (visit) => {
      await transaction(async () => {
        const count = await appPasswords.revokeAll(visit.store, visit.account.id)
        if (count > 0) await visit.record({ event: 'app_password.revoked', detail: { count } })
      })
      return redirect(visit.address('/app-passwords'))
    }),
    visits.page('/portal/app-passwords/:id/revoke', look, async (visit) =>
      page(renderRevokePage(visit.view, { password: await findOwn(visit) })),
    ),
    visits.form('/portal/app-passwords/:id/revoke', { ...look, page: '/portal/app-passwords/:id/revoke' }, {}, async (visit) => {
      const { store, account, id } = visit
      const { label } = await findOwn(visit)
      await transaction(async () => {
        if (!(await appPasswords.revoke(store, account.id, id))) return
        await visit.record({ event: 'app_password.revoked', detail: { appPasswordId: id, label } })
      })
      return redirect(visit.address('/app-passwords'))
    }),
  ]
}

const usesIn = (form: Readonly<Partial<Record<keyof typeof ticks, string | undefined>>>): readonly AppPasswordUse[] =>
  (Object.keys(ticks) as (keyof typeof ticks)[]) // of a literal, whose keys are known
    .filter((name) => form[name] !== undefined)
    .map((name) => name.slice('use-'.length) as AppPasswordUse) // each of them is `use-` and a use

function tellProblems({ view }: Visit, { label, uses, networks }: WishProblems): AppPasswordComplaints {
  const texts = messagesIn(view.language)
  const wrong =
    networks === 'too_many'
      ? fill(texts.appPasswordNetworksMany, { count: mostNetworks })
      : networks && fill(texts.appPasswordNetworksWrong, { text: networks.wrong.slice(0, 60) })
  return {
    ...(label && { label: texts.appPasswordLabelMissing }),
    ...(uses && { uses: texts.appPasswordUsesMissing }),
    ...(wrong !== undefined && { networks: wrong }),
  }
}
