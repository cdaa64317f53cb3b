import { page, type Route } from '../http/route.ts'
import { loadActivity } from './activity.ts'
import { loadAuthorizedApps } from './authorized-apps.ts'
import { isMessagesOnly } from './demands.ts'
import { loadTiles } from './mail-apps.ts'
import { nameOfSession } from './own-sessions.ts'
import type { PortalParts } from './ports.ts'
import { renderHomePage } from './views/home-page.ts'
import type { Visits } from './visit.ts'

/** Of what happened last, on the first page. */
const mostRecent = 4
/** More than anybody has open; the rest is behind the sign-out that ends all. */
const mostSessions = 10

/** The first page: what waits for the person, and everything else in short. */
export function createHome(parts: PortalParts, visits: Visits): readonly Route[] {
  const { approvals, recoveryCodes, sessions } = parts
  return [
    visits.page('/portal', { section: 'home', demand: 'signed-in' }, async (visit) => {
      const { store, account, session, factors, view, now } = visit
      const living = await sessions.list(account.id)
      return page(
        renderHomePage(view, {
          mailApps: await loadTiles(parts, visit),
          authorizedApps: await loadAuthorizedApps(parts, visit),
          approvals: await approvals.waiting(store, account.id),
          factors,
          codes: visit.isOff('recovery-code') ? 'off' : await recoveryCodes.left(store, account.id),
          messagesOnly: isMessagesOnly(factors),
          browsers: await store.rememberedBrowsers.list(account.id, now),
          sessions: living
            .slice(0, mostSessions)
            .map((one) => ({ ...one, name: nameOfSession(one), isHere: one.attempt === session.attempt })),
          recent: await loadActivity(visit, mostRecent),
        }),
      )
    }),
  ]
}
