import type { ClientId, FamilyId } from '@postern/storage'
import { renderAuthorizedAppEndPage, renderAuthorizedAppsPage } from '../portal/views/authorized-app-pages.ts'
import type { PortalView } from '../portal/views/portal-frame.ts'
import { renderSessionEndPage } from '../portal/views/session-end-page.ts'
import type { ShownSession } from '../portal/views/session-words.ts'
import type { AuthorizedApp } from '../protocol/authorized-apps.ts'
import type { Exhibit } from './exhibit.ts'

const day = 24 * 60

/** More than the first page shows, one of them on two devices. */
export function sampleAuthorizedApps(now: Date): readonly [AuthorizedApp, ...AuthorizedApp[]] {
  const app = (name: string, since: number, used: number): AuthorizedApp => {
    const before = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000)
    return {
      familyId: `${name}-${since}` as FamilyId, // a brand has no runtime part
      clientId: name as ClientId, // likewise
      name,
      startedAt: before(since),
      lastUsedAt: before(used),
      endsAt: before(-30 * day),
    }
  }
  return [
    app('Outlook', 90, 1),
    app('Thunderbird', 3 * day, 12),
    app('Thunderbird', 40 * day, 5 * 60),
    app('Contoso Mail for Desktop, with calendars and address books', 8 * day, day),
    app('Contoso Notes', 12 * day, 4 * day),
    app('Reports', 70 * day, 9 * day),
    app('Old phone', 200 * day, 80 * day),
  ]
}

/** Apps that sign in with tokens, and a sign-in that is ended with what it gave to apps. */
export function renderPortalAppsGallery(view: PortalView, session: ShownSession): readonly Exhibit[] {
  const apps = sampleAuthorizedApps(view.now)
  return [
    {
      name: 'portal-authorized-apps',
      html: renderAuthorizedAppsPage(view, { apps, total: apps.length, before: 1, next: 3 }),
    },
    { name: 'portal-authorized-apps-none', html: renderAuthorizedAppsPage(view, { apps: [], total: 0 }) },
    { name: 'portal-authorized-app-end', html: renderAuthorizedAppEndPage(view, apps[0]) },
    { name: 'portal-session-end', html: renderSessionEndPage(view, session) },
  ]
}
