import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Route, redirect } from '../http/route.ts'
import type { ListedSession } from '../protocol/sessions.ts'
import type { PortalParts } from './ports.ts'
import { requireFound, type Visits } from './visit.ts'

/** What a page calls a session by: its own name is known to its own browser alone, and no other page may tell it. */
export const nameOfSession = ({ attempt }: Pick<ListedSession, 'attempt'>): string =>
  createHash('sha256').update(`session ${attempt}`).digest('base64url').slice(0, 22)

/** Ending a sign-in takes something away from whoever sits there and nothing from its owner, so it asks for no more. */
export function createSessionPages(
  { sessions, transaction }: Pick<PortalParts, 'sessions' | 'transaction'>,
  visits: Visits,
): readonly Route[] {
  return [
    visits.form(
      '/portal/sessions/end',
      { section: 'home', demand: 'signed-in', page: '/portal' },
      { session: z.string().max(64) },
      async (visit, form) => {
        const living = await sessions.list(visit.account.id)
        const { attempt } = requireFound(living.find((one) => nameOfSession(one) === form.session))
        await transaction(async () => {
          if (!(await sessions.end(visit.account.id, attempt))) return
          await visit.record({ event: 'session.ended', detail: { because: 'its owner' } })
        })
        return redirect(visit.address())
      },
    ),
  ]
}
