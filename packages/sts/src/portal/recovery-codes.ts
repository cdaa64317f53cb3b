import { type Answer, page, type Route } from '../http/route.ts'
import type { PortalParts } from './ports.ts'
import { renderCodesNeedPage, renderCodesPage, renderNewCodesPage } from './views/recovery-pages.ts'
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

/** A new set of recovery codes. Somebody without a factor gets none: they stand in for one. */
export function createRecoveryPages(parts: PortalParts, visits: Visits): readonly Route[] {
  const make = createCodesMaking(parts)
  return [
    visits.page('/portal/recovery-codes', place, async ({ store, account, factors, view }) =>
      page(
        factors.length === 0
          ? renderCodesNeedPage(view)
          : renderCodesPage(view, await parts.recoveryCodes.left(store, account.id)),
      ),
    ),
    visits.form('/portal/recovery-codes', { ...place, page: '/portal/recovery-codes' }, {}, async (visit) =>
      visit.factors.length === 0
        ? page(renderCodesNeedPage({ ...visit.view, reference: visit.reference }), { status: 409 })
        : make(visit),
    ),
  ]
}
