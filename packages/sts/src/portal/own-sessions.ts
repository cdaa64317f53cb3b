import { createHash } from 'node:crypto'
import { page, type Route, redirect } from '../http/route.ts'
import type { ListedSession } from '../protocol/sessions.ts'
import type { PortalParts } from './ports.ts'
import { renderSessionEndPage } from './views/session-end-page.ts'
import { requireFound, type Visit, type Visits } from './visit.ts'

const place = { section: 'home', demand: 'signed-in' } as const
const path = '/portal/sessions/:id/end'

/** What a page calls a session by: its own name is known to its own browser alone, and no other page may tell it. */
export const nameOfSession = ({ attempt }: Pick<ListedSession, 'attempt'>): string =>
  createHash('sha256').update(`session ${attempt}`).digest('base64url').slice(0, 22)

/** Ending a sign-in takes something away from whoever sits there and nothing from its owner, so it asks for no more. */
export function createSessionPages(
  { sessions, transaction }: Pick<PortalParts, 'sessions' | 'transaction'>,
  visits: Visits,
): readonly Route[] {
  /** Of other browsers: this one is left by signing out, which leaves apps alone. */
  const findOther = async ({ account, session, id }: Visit): Promise<ListedSession> =>
    requireFound((await sessions.list(account.id)).find((one) => one.attempt !== session.attempt && nameOfSession(one) === id))

  return [
    visits.page(path, place, async (visit) => {
      const { evidence, signedInAt } = await findOther(visit)
      return page(renderSessionEndPage(visit.view, { name: visit.id, evidence, signedInAt }))
    }),
    visits.form(path, { ...place, page: path }, {}, async (visit) => {
      const { attempt } = await findOther(visit)
      await transaction(async () => {
        if (!(await sessions.end(visit.account.id, attempt))) return
        await visit.record({ event: 'session.ended', detail: { because: 'its owner' } })
      })
      return redirect(visit.address())
    }),
  ]
}
