import { RequestProblem } from '../http/problems.ts'
import { file, page, type Route } from '../http/route.ts'
import type { PortalParts } from './ports.ts'
import { renderSetupPage } from './views/setup-page.ts'
import type { Visits } from './visit.ts'

/** How mail apps are set up. Nothing here is secret; it is in the portal because the files name the person. */
export function createSetupPages(
  { setupFiles, personalFile }: Pick<PortalParts, 'setupFiles' | 'personalFile'>,
  visits: Visits,
): readonly Route[] {
  return [
    visits.page('/portal/setup', { section: 'home', demand: 'signed-in' }, async ({ view, settings, account }) =>
      page(renderSetupPage(view, { hosts: settings.mailHosts ?? {}, files: await setupFiles(view.realm, account.id) })),
    ),
    visits.page('/portal/setup/:id', { section: 'home', demand: 'signed-in' }, async ({ account, id }) => {
      const found = await personalFile(account, id)
      if (found === undefined) throw new RequestProblem('not_found', { detail: 'no such file of this person' })
      return file(found)
    }),
  ]
}
