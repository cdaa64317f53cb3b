import type { Account, AppPassword, MailApp, MailAppState } from '@postern/storage'
import { z } from 'zod'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, type Route, redirect } from '../http/route.ts'
import { byAppPassword, type MailRules } from '../policy/mail/mail-access.ts'
import { openedByOf, passwordHelps, standingOf } from './mail-app-standing.ts'
import { parseName } from './own-words.ts'
import type { PortalParts } from './ports.ts'
import { type AppChange, type AppInFull, renderAppChangePage, renderAppPage } from './views/mail-app-pages.ts'
import { renderAppsPage, type ShownApps } from './views/mail-app-tiles.ts'
import { labelOf, type OwnApp, powersOf } from './views/mail-app-words.ts'
import { portalAddress, requireFound, type Visit, type Visits } from './visit.ts'

const look = { section: 'home', demand: 'signed-in' } as const
/** What lets something in that is not asked for a second thing wants one now (R107). Taking away wants no more than to be signed in. */
const letIn = { section: 'home', demand: 'fresh-factor' } as const
/** A tile is a kilobyte, and the first page holds more than tiles. */
const mostTiles = 6
const mostRows = 25

/** The account's apps for the first page: those that wait first. */
export async function loadTiles(parts: Pick<PortalParts, 'mailRules'>, visit: Visit): Promise<ShownApps> {
  const all = await visit.store.mailApps.list(visit.account.id)
  return { apps: await withStanding(parts, visit, all.slice(0, mostTiles)), total: all.length, here: visit.source }
}

async function withStanding(
  { mailRules }: Pick<PortalParts, 'mailRules'>,
  { store, account, now }: Visit,
  apps: readonly MailApp[],
): Promise<readonly OwnApp[]> {
  if (apps.length === 0) return []
  const rules = await mailRules(store, account.id)
  const passwords = await store.appPasswords.list(account.id)
  return apps.map((app) => ownApp(app, { rules, account, passwords, now }))
}

function ownApp(app: MailApp, by: { rules: MailRules; account: Account; passwords: readonly AppPassword[]; now: Date }): OwnApp {
  const openedBy = openedByOf(by.rules, by.account, app, by)
  return { ...app, standing: standingOf(by.rules, by.account, app), ...(openedBy && { openedBy }) }
}

/** Mail apps that know only a password: seen, let in, blocked, renamed, removed, each after a page that says what follows. */
export function createMailAppPages(parts: Pick<PortalParts, 'mailRules' | 'transaction'>, visits: Visits): readonly Route[] {
  const { mailRules, transaction } = parts

  async function load(visit: Visit): Promise<AppInFull> {
    const { store, account, id, source } = visit
    const app = requireFound(await store.mailApps.find(account.id, id))
    const rules = await mailRules(store, account.id)
    const passwords = await store.appPasswords.list(account.id)
    return {
      app: ownApp(app, { rules, account, passwords, now: visit.now }),
      ownPasswords: passwords.filter(({ mailAppId }) => mailAppId === id).map(({ label }) => label),
      passwordHelps: passwordHelps(rules, account, app),
      here: source,
    }
  }

  const addressOf = (visit: Visit): string => visit.address(`/apps/${encodeURIComponent(visit.id)}`)

  /** Somebody else was faster, or the page was old: what is so now is shown, and nothing was done. */
  const showChanged = async (visit: Visit): Promise<Answer> => {
    const notice = messagesIn(visit.view.language).mailAppStateChanged
    return page(renderAppPage({ ...visit.view, reference: visit.reference, notice }, await load(visit)), { status: 409 })
  }

  /** `from`: what the app must still be, so that an administrator's decision of this moment stands. */
  async function decide(visit: Visit, wanted: { state: 'active' | 'blocked'; from: readonly MailAppState[] }): Promise<Answer> {
    const { store, id } = visit
    const { app } = await load(visit)
    const powers = powersOf(app)
    if (!(wanted.state === 'active' ? powers.activate : powers.block)) return showChanged(visit)
    const label = labelOf(messagesIn(visit.view.language), app)
    const isDone = await transaction(async () => {
      // Unblocked for its app password: by that alone, whatever policy may say of the account's own one day.
      const by = wanted.state === 'active' && app.standing === 'app-password' ? byAppPassword : 'owner'
      const from = wanted.from.filter((state) => state === app.state)
      if (!(await store.mailApps.decide(id, { ...wanted, from, at: visit.now, by, basedOn: app }))) return false
      await visit.record({ event: 'mailapp.decided', detail: { mailAppId: id, state: wanted.state, app: label } })
      if (wanted.state === 'active') await visit.tell({ kind: 'mail_app_activated', app: label, portal: portalAddress(visit) })
      return true
    })
    return isDone ? redirect(addressOf(visit)) : showChanged(visit)
  }

  async function remove(visit: Visit): Promise<Answer> {
    const { store, account, id } = visit
    const isDone = await transaction(async () => {
      // Looked at and removed as one: what an administrator blocked meanwhile would come back as something new.
      await store.accounts.hold(account.id)
      const { app } = await load(visit)
      if (!powersOf(app).remove || !(await store.mailApps.remove(account.id, id, app))) return false
      const label = labelOf(messagesIn(visit.view.language), app)
      await visit.record({ event: 'mailapp.removed', detail: { mailAppId: id, app: label } })
      return true
    })
    return isDone ? redirect(visit.address()) : showChanged(visit)
  }

  async function rename(visit: Visit, typed: string): Promise<Answer> {
    const { store, account, id, view, reference } = visit
    const label = parseName(typed)
    if (label === undefined) {
      const complaint = messagesIn(view.language).portalRenameMissing
      return page(renderAppPage({ ...view, reference, complaint, typed }, await load(visit)), { status: 422 })
    }
    await transaction(async () => {
      requireFound((await store.mailApps.rename(account.id, id, label)) || undefined)
      await visit.record({ event: 'mailapp.renamed', detail: { mailAppId: id } })
    })
    return redirect(addressOf(visit))
  }

  /** The page that asks, and the form on it. */
  function change(name: AppChange, place: typeof look | typeof letIn, act: (visit: Visit) => Promise<Answer>): readonly Route[] {
    const path = `/portal/apps/:id/${name}` as const
    return [
      visits.page(path, place, async (visit) => {
        const full = await load(visit)
        return powersOf(full.app)[name] ? page(renderAppChangePage(visit.view, full, name)) : redirect(addressOf(visit))
      }),
      visits.form(path, { ...place, page: path }, {}, act),
    ]
  }

  return [
    visits.page('/portal/apps', look, async (visit) => {
      const number = /^[1-9]\d{0,3}$/.test(String(visit.ctx.query.page)) ? Number(visit.ctx.query.page) : 1
      const all = await visit.store.mailApps.list(visit.account.id)
      const apps = await withStanding(parts, visit, all.slice((number - 1) * mostRows, number * mostRows))
      const neighbours = {
        ...(number > 1 && { before: number - 1 }),
        ...(all.length > number * mostRows && { next: number + 1 }),
      }
      return page(renderAppsPage(visit.view, { apps, total: all.length, here: visit.source, ...neighbours }))
    }),
    visits.page('/portal/apps/:id', look, async (visit) => page(renderAppPage(visit.view, await load(visit)))),
    visits.form('/portal/apps/:id/rename', { ...look, page: '/portal/apps/:id' }, { label: z.string().max(500) }, (visit, form) =>
      rename(visit, form.label),
    ),
    ...change('activate', letIn, (visit) => decide(visit, { state: 'active', from: ['pending', 'blocked', 'active'] })),
    ...change('block', look, (visit) => decide(visit, { state: 'blocked', from: ['pending', 'active'] })),
    ...change('remove', look, remove),
  ]
}
