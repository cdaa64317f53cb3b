import { type Answer, page, type Route } from '../http/route.ts'
import type { PortalParts } from './ports.ts'
import { renderCodesNeedPage, renderCodesOffPage, renderCodesPage, renderNewCodesPage } from './views/recovery-pages.ts'
import type { Visit, Visits } from './visit.ts'

const place = { section: 'methods', demand: 'fresh' } as const

/** Puts a new set in the place of the old one, writes it down, tells it, and shows it. The caller has asked who wants it (R121). */
export function createCodesMaking({ recoveryCodes, transaction }: Pick<PortalParts, 'recoveryCodes' | 'transaction'>) {
  return async (visit: Visit, next?: string): Promise<Answer> => {
    const codes = await transaction(async () => {
      const made = await recoveryCodes.replace(visit.store, visit.account.id)
      await visit.record({ event: 'recovery_codes.replaced', detail: { of: made.length } })
      await visit.tell({ kind: 'recovery_codes_replaced' })
      return made
    })
    // The answer to the post itself: whatever a redirect led to would have to keep the codes somewhere in clear.
    return page(renderNewCodesPage(visit.view, codes, next))
  }
}

/**
 * A new set of recovery codes, for somebody who has a factor that works here: they stand in for one. That it was shown is
 * what `fresh` asks of everybody who has one.
 */
export function createRecoveryPages(parts: PortalParts, visits: Visits): readonly Route[] {
  const make = createCodesMaking(parts)

  /** `undefined`: nothing keeps this person from a new set. */
  const refuse = (visit: Visit, status: 200 | 409): Answer | undefined => {
    const view = { ...visit.view, ...(status !== 200 && { reference: visit.reference }) }
    if (visit.isOff('recovery-code')) return page(renderCodesOffPage(view), { status })
    const hasOne = visit.factors.some(({ method, state }) => state === 'active' && !visit.isOff(method))
    return hasOne ? undefined : page(renderCodesNeedPage(view), { status })
  }

  return [
    visits.page(
      '/portal/recovery-codes',
      place,
      async (visit) =>
        refuse(visit, 200) ?? page(renderCodesPage(visit.view, await parts.recoveryCodes.left(visit.store, visit.account.id))),
    ),
    visits.form(
      '/portal/recovery-codes',
      { ...place, page: '/portal/recovery-codes' },
      {},
      async (visit) => refuse(visit, 409) ?? make(visit),
    ),
  ]
}
