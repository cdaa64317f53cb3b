import { z } from 'zod'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, type Route, redirect } from '../http/route.ts'
import { decideRemoval, isMessagesOnly, type Removal } from './demands.ts'
import { parseName } from './own-words.ts'
import { createPermits } from './permits.ts'
import type { PortalParts } from './ports.ts'
import { successorOf } from './replacement.ts'
import {
  type OwnFactor,
  renderMethodPage,
  renderMethodsPage,
  renderRemovePage,
  renderRemoveRefusedPage,
} from './views/methods-pages.ts'
import { requireFound, type Visit, type Visits } from './visit.ts'

const list = { section: 'methods', demand: 'signed-in' } as const
const change = { section: 'methods', demand: 'fresh' } as const

/**
 * A person's own factors: seen, renamed, made the first one, removed. Each change wants a fresh sign-in with what there is
 * (R107, R121), or a pass where that is accepted no more, is written down, and told by e-mail. Replacing is adding first, then removing.
 */
export function createMethodPages(parts: PortalParts, visits: Visits): readonly Route[] {
  const { life, recoveryCodes, transaction } = parts
  const { beforeChange } = createPermits(parts)

  const own = (visit: Visit): readonly OwnFactor[] =>
    visit.factors.map((factor) => ({ ...factor, isOff: visit.isOff(factor.method) }))
  const requireOwn = (visit: Visit): OwnFactor => requireFound(own(visit).find(({ id }) => id === visit.id))

  const decide = async (visit: Visit, factors = visit.factors) =>
    decideRemoval(factors, visit.id, {
      demands: await parts.requirementsFor(visit.store, visit.account.id),
      isUsable: (method) => !visit.isOff(method),
    })

  /**
   * Decides and removes as one: of two removals at the same time the second sees what the first left. `by`: the one that was
   * added to take its place; it is asked for first if the old one was.
   */
  const remove = (visit: Visit, factor: OwnFactor, by?: string): Promise<Removal> =>
    transaction(async () => {
      const { store, account } = visit
      await store.accounts.hold(account.id)
      const factors = await parts.factors.methodsOf(store, account.id)
      const removal = await decide(visit, factors)
      if (!removal.allowed) return removal
      const isPhone = factor.method === 'sms'
      const stays = factors.findLast((one) => one.method === 'sms' && one.id !== factor.id && one.state === 'active')
      const next = isPhone && stays !== undefined ? await life.find(store, account.id, stays.id) : undefined
      if (!(await life.remove(store, account.id, factor.id))) return removal
      const successor = successorOf({ factors }, factor, by)
      if (successor === undefined)
        await visit.record({ event: 'factor.removed', detail: { method: factor.method, authenticatorId: factor.id } })
      else {
        const detail = { method: successor.method, authenticatorId: successor.id, replacedId: factor.id }
        await visit.record({ event: 'factor.replaced', detail })
        if (factor.isDefault) await life.makeDefault(store, account.id, successor.id)
      }
      // A number that goes while another one stays is a changed number to its owner (R107); both are told by their last digits.
      const { method, label, detail } = successor ?? factor
      const kind = successor === undefined ? 'factor_removed' : 'factor_replaced'
      await visit.tell({ kind, method, label: typeof detail.masked === 'string' ? detail.masked : label })
      if (next !== undefined) await visit.tell({ kind: 'number_changed', number: new TextDecoder().decode(next.secret) })
      return removal
    })

  async function rename(visit: Visit, typed: string): Promise<Answer> {
    const factor = requireOwn(visit)
    const label = parseName(typed)
    if (label === undefined) {
      const { reference, view } = visit
      const complaint = messagesIn(view.language).portalRenameMissing
      return page(renderMethodPage({ ...view, reference, complaint, typed }, factor), { status: 422 })
    }
    await transaction(async () => {
      if (!(await life.rename(visit.store, visit.account.id, factor.id, label))) return
      await visit.record({ event: 'factor.renamed', detail: { method: factor.method, authenticatorId: factor.id } })
    })
    return redirect(visit.address('/methods'))
  }

  async function makeDefault(visit: Visit): Promise<Answer> {
    const factor = requireOwn(visit)
    await transaction(async () => {
      if (!(await life.makeDefault(visit.store, visit.account.id, factor.id))) return
      await visit.record({ event: 'factor.default', detail: { method: factor.method, authenticatorId: factor.id } })
    })
    return redirect(visit.address('/methods'))
  }

  return [
    visits.page('/portal/methods', list, async (visit) => {
      const { store, account, factors, view } = visit
      const all = await store.authenticators.list(account.id)
      return page(
        renderMethodsPage(view, {
          factors: own(visit),
          proposed: visit.isOff('sms') ? [] : all.filter(({ state, method }) => state === 'proposed' && method === 'sms'),
          codes: visit.isOff('recovery-code') ? 'off' : await recoveryCodes.left(store, account.id),
          messagesOnly: isMessagesOnly(factors),
        }),
      )
    }),

    visits.page('/portal/methods/:id', change, (visit) =>
      beforeChange(visit, async () => page(renderMethodPage(visit.view, requireOwn(visit)))),
    ),

    visits.form(
      '/portal/methods/:id/rename',
      { ...change, page: '/portal/methods/:id' },
      { label: z.string().max(500) },
      (visit, form) => beforeChange(visit, () => rename(visit, form.label)),
    ),

    visits.form('/portal/methods/:id/default', { ...change, page: '/portal/methods/:id' }, {}, (visit) =>
      beforeChange(visit, () => makeDefault(visit)),
    ),

    visits.page('/portal/methods/:id/remove', change, (visit) =>
      beforeChange(visit, async () => {
        const factor = requireOwn(visit)
        const removal = await decide(visit)
        return page(
          removal.allowed
            ? renderRemovePage(visit.view, factor, { ...removal, successor: successorOf(visit, factor, visit.ctx.query.by) })
            : renderRemoveRefusedPage(visit.view, factor, removal.because),
        )
      }),
    ),

    visits.form(
      '/portal/methods/:id/remove',
      { ...change, page: '/portal/methods/:id/remove' },
      { by: z.string().max(64).optional() },
      (visit, { by }) =>
        beforeChange(visit, async () => {
          const factor = requireOwn(visit)
          const removal = await remove(visit, factor, by)
          if (removal.allowed) return redirect(visit.address('/methods'))
          const { view, reference } = visit
          return page(renderRemoveRefusedPage({ ...view, reference }, factor, removal.because), { status: 409 })
        }),
    ),
  ]
}
