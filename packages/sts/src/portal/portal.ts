/**
 * portal is a signed-in person's own pages: mail apps and their passwords, how one signs in, what waits to be approved,
 * browsers, the password, what happened.
 *
 * It owns these pages, what must be shown before each (demands.ts), and that every change is written down and told. It does
 * not own the session (protocol), factors and their codes (mfa), passwords (accounts), or what policy demands. Each page is
 * a file with its routes; they meet nowhere but here.
 * @module
 */
import { z } from 'zod'
import { type Feature, page, redirect, route } from '../http/route.ts'
import { createActivityPages } from './activity.ts'
import { createAppPasswordPages } from './app-passwords.ts'
import { createApprovalPages } from './approvals.ts'
import { createAuthorizedAppPages } from './authorized-apps.ts'
import { createBrowserPages } from './browsers.ts'
import { portalPath } from './demands.ts'
import { createEnrollmentPages } from './enrollment.ts'
import { createHome } from './home.ts'
import { createMailAppPages } from './mail-apps.ts'
import { createMethodPages } from './methods.ts'
import { createSessionPages } from './own-sessions.ts'
import { createPasswordPages } from './password.ts'
import type { PortalParts } from './ports.ts'
import { createRecoveryPages } from './recovery-codes.ts'
import { createSetupPages } from './setup.ts'
import { renderSignedOutPage } from './views/signed-out-page.ts'
import { createVisits } from './visit.ts'

export type { PortalParts } from './ports.ts'

export function createPortal(parts: PortalParts): Feature {
  const visits = createVisits(parts)

  /** Where a sign-in for the portal comes back to; `state` is the page that the person was on the way to. */
  const back = route(
    'GET /portal/signed-in',
    { query: z.object({ state: z.string().optional(), error: z.string().optional() }) },
    async ({ ctx, query, realm, language, reference }) => {
      const session = await parts.sessions.entitled(ctx)
      const home = `${realm.path}/portal`
      if (session !== undefined) return redirect(query.error === undefined ? `${realm.path}${portalPath(query.state)}` : home)
      // Who still is not let in is told so here: one more redirect to the sign-in could be one of a circle.
      return page(renderSignedOutPage({ realm, language, reference, again: home }), { status: 403 })
    },
  )

  return Object.freeze({
    name: 'portal',
    routes: Object.freeze([
      back,
      ...createHome(parts, visits),
      ...createMailAppPages(parts, visits),
      ...createAppPasswordPages(parts, visits),
      ...createAuthorizedAppPages(parts, visits),
      ...createSetupPages(parts, visits),
      ...createActivityPages(visits),
      ...createSessionPages(parts, visits),
      ...createMethodPages(parts, visits),
      ...createEnrollmentPages(parts, visits),
      ...createRecoveryPages(parts, visits),
      ...createApprovalPages(parts, visits),
      ...createBrowserPages(parts, visits),
      ...createPasswordPages(parts, visits),
    ]),
  })
}
