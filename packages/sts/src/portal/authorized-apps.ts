import { page, type Route, redirect } from '../http/route.ts'
import type { AuthorizedApp } from '../protocol/authorized-apps.ts'
import type { PortalParts } from './ports.ts'
import { renderAuthorizedAppEndPage, renderAuthorizedAppsPage, type ShownAuthorizedApps } from './views/authorized-app-pages.ts'
import { requireFound, type Visit, type Visits } from './visit.ts'

const place = { section: 'home', demand: 'signed-in' } as const
const path = '/portal/authorized-apps/:id/end'
/** The first page holds more than these. */
const mostOnHome = 6
const mostRows = 25

/** Those for the first page: most recently used first. */
export async function loadAuthorizedApps(
  { authorizedApps }: Pick<PortalParts, 'authorizedApps'>,
  { account }: Visit,
): Promise<ShownAuthorizedApps> {
  const all = await authorizedApps.list(account.id)
  return { apps: all.slice(0, mostOnHome), total: all.length }
}

/** Apps that sign in with tokens. Ending one takes something away from it and nothing from its owner, so it asks for no more. */
export function createAuthorizedAppPages(
  { authorizedApps, transaction }: Pick<PortalParts, 'authorizedApps' | 'transaction'>,
  visits: Visits,
): readonly Route[] {
  const findOwn = async ({ account, id }: Visit): Promise<AuthorizedApp> =>
    requireFound((await authorizedApps.list(account.id)).find(({ familyId }) => familyId === id))

  return [
    visits.page('/portal/authorized-apps', place, async ({ ctx, account, view }) => {
      const number = /^[1-9]\d{0,3}$/.test(String(ctx.query.page)) ? Number(ctx.query.page) : 1
      const all = await authorizedApps.list(account.id)
      return page(
        renderAuthorizedAppsPage(view, {
          apps: all.slice((number - 1) * mostRows, number * mostRows),
          total: all.length,
          ...(number > 1 && { before: number - 1 }),
          ...(all.length > number * mostRows && { next: number + 1 }),
        }),
      )
    }),
    visits.page(path, place, async (visit) => page(renderAuthorizedAppEndPage(visit.view, await findOwn(visit)))),
    visits.form(path, { ...place, page: path }, {}, async (visit) => {
      const { familyId, clientId } = await findOwn(visit)
      await transaction(async () => {
        // Somebody else may have been faster: then it is written down already.
        if (!(await authorizedApps.end(visit.account.id, familyId))) return
        await visit.record({ event: 'family.revoked', clientId, detail: { because: 'its owner', familyId } })
      })
      return redirect(visit.address())
    }),
  ]
}
