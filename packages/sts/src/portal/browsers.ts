import { page, type Route, redirect } from '../http/route.ts'
import type { PortalParts } from './ports.ts'
import { renderBrowsersPage } from './views/browsers-page.ts'
import { requireFound, type Visits } from './visit.ts'

const place = { section: 'home', demand: 'signed-in' } as const

/** Remembered browsers. Forgetting takes something away from whoever sits there and nothing from its owner, so it asks for no more. */
export function createBrowserPages({ transaction }: Pick<PortalParts, 'transaction'>, visits: Visits): readonly Route[] {
  return [
    visits.page('/portal/browsers', place, async ({ store, account, view, now }) =>
      page(renderBrowsersPage(view, await store.rememberedBrowsers.list(account.id, now))),
    ),
    visits.form('/portal/browsers/forget', { ...place, page: '/portal/browsers' }, {}, async (visit) => {
      await transaction(async () => {
        const count = await visit.store.rememberedBrowsers.removeAll(visit.account.id)
        if (count > 0) await visit.record({ event: 'browser.forgotten', detail: { count } })
      })
      return redirect(visit.address('/browsers'))
    }),
    visits.form('/portal/browsers/:id/forget', { ...place, page: '/portal/browsers' }, {}, async (visit) => {
      const { store, account, id } = visit
      requireFound((await store.rememberedBrowsers.list(account.id, visit.now)).find((one) => one.id === id))
      await transaction(async () => {
        if (!(await store.rememberedBrowsers.remove(account.id, id))) return
        await visit.record({ event: 'browser.forgotten', detail: { browserId: id } })
      })
      return redirect(visit.address('/browsers'))
    }),
  ]
}
