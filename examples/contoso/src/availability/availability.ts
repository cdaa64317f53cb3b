/**
 * Answers GetUserAvailability: each mailbox from the calendar here, or from the other server of the organisation.
 *
 * It owns who is asked for which mailbox, and the order of the answers. A request that came from the other server is answered
 * from here alone, so that two servers never ask each other in a circle.
 */
import type { Neighbour } from '../hybrid/neighbour.ts'
import type { Watcher } from '../hybrid/trace.ts'
import type { People } from '../people.ts'
import type { Calendar } from './calendars.ts'
import type { AvailabilityQuery } from './query.ts'
import { type MailboxAvailability, refusedMailbox, viewCalendar } from './view.ts'

/** `viaServer`: another server asks for the person. */
export type AvailabilityRequest = Readonly<{ requesterUpn: string; viaServer: boolean; id: string; watch?: Watcher }>

export type Availability = (query: AvailabilityQuery, request: AvailabilityRequest) => Promise<readonly MailboxAvailability[]>

export function createAvailability(options: {
  people: People
  calendars: readonly Calendar[]
  neighbour?: Neighbour | undefined
}): Availability {
  const { people, neighbour } = options
  const calendars = new Map(options.calendars.map((calendar) => [calendar.owner.toLowerCase(), calendar]))
  const unknown = refusedMailbox('ErrorMailRecipientNotFound', 'There is no such mailbox.')

  return async (query, request) => {
    const owners = query.addresses.map((address) => people.findByAddress(address))
    const isElsewhere = (at: number): boolean => neighbour !== undefined && owners[at]?.calendarAt === neighbour.domain
    const far = request.viaServer ? [] : query.addresses.filter((_, at) => isElsewhere(at))
    const requester = people.findByAddress(request.requesterUpn)
    const answers =
      far.length === 0 || neighbour === undefined || requester === undefined
        ? []
        : await neighbour.ask(requester, { ...query, addresses: far }, request)
    let next = 0
    return query.addresses.map((_, at) => {
      const owner = owners[at]
      if (!request.viaServer && isElsewhere(at)) return answers[next++] ?? unknown
      const calendar = owner === undefined ? undefined : calendars.get(owner.upn)
      return calendar === undefined ? unknown : viewCalendar(calendar, request.requesterUpn, query)
    })
  }
}
