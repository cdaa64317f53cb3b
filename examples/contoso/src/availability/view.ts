/**
 * What one requester sees of one calendar: the merged digits, and the appointments cut down to what they may know.
 *
 * Pure. It owns the cutting: everything that is not allowed is left out here, so that rendering cannot give it away.
 */
import { type Appointment, type BusyType, type Calendar, decideSharing } from './calendars.ts'
import type { AvailabilityQuery, View } from './query.ts'

export type EventDetails = Readonly<{ id: string; subject: string; place: string; isPrivate: boolean; isMeeting: boolean }>
export type CalendarEvent = Readonly<{ from: Date; to: Date; busy: BusyType; details?: EventDetails }>

export type FreeBusyView = Readonly<{
  /** What was given, which may be less than what was asked for. */
  view: View
  /** One digit an interval: 0 free, 1 tentative, 2 busy, 3 out of office. */
  merged?: string
  events?: readonly CalendarEvent[]
}>

export type MailboxErrorCode = 'ErrorMailRecipientNotFound' | 'ErrorNoFreeBusyAccess' | 'ErrorProxyRequestProcessingFailed'

/** The answer for one mailbox of a query. */
export type MailboxAvailability =
  | Readonly<{ outcome: 'seen'; freeBusy: FreeBusyView }>
  | Readonly<{ outcome: 'refused'; code: MailboxErrorCode; message: string }>

const MINUTE = 60_000
const WEIGHT: Readonly<Record<BusyType, number>> = { Free: 0, Tentative: 1, Busy: 2, OOF: 3 }

export const refusedMailbox = (code: MailboxErrorCode, message: string): MailboxAvailability =>
  Object.freeze({ outcome: 'refused', code, message })

/** The calendar as the requester may see it, in the window and the detail of the query. */
export function viewCalendar(calendar: Calendar, requesterUpn: string, query: AvailabilityQuery): MailboxAvailability {
  const level = decideSharing(calendar, requesterUpn)
  if (level === 'none') return refusedMailbox('ErrorNoFreeBusyAccess', 'The owner of this calendar does not show it to you.')
  const appointments = calendar.between(query.from, query.to)
  const detailed = level !== 'availability'
  const view = detailed ? query.view : withoutDetails(query.view)
  const merged = view.endsWith('Merged') || view === 'MergedOnly' ? { merged: mergeDigits(appointments, query) } : {}
  const events = appointments.map((one): CalendarEvent => {
    const { id, subject, place, isPrivate, isMeeting, from, to, busy } = one
    const shown = view.startsWith('Detailed') && (!isPrivate || level === 'fullDetails')
    return Object.freeze({
      from,
      to,
      busy,
      ...(shown ? { details: Object.freeze({ id, subject, place, isPrivate, isMeeting }) } : {}),
    })
  })
  return Object.freeze({
    outcome: 'seen',
    freeBusy: Object.freeze({ view, ...merged, ...(view === 'MergedOnly' ? {} : { events: Object.freeze(events) }) }),
  })
}

function withoutDetails(view: View): View {
  if (view === 'Detailed') return 'FreeBusy'
  return view === 'DetailedMerged' ? 'FreeBusyMerged' : view
}

/** The busiest thing that touches an interval counts for all of it. */
function mergeDigits(appointments: readonly Appointment[], { from, to, intervalMinutes }: AvailabilityQuery): string {
  const step = intervalMinutes * MINUTE
  const intervalOf = (time: Date): number => (time.getTime() - from.getTime()) / step
  const digits = new Uint8Array(Math.ceil(intervalOf(to)))
  for (const one of appointments) {
    const last = Math.min(digits.length, Math.ceil(intervalOf(one.to)))
    for (let at = Math.max(0, Math.floor(intervalOf(one.from))); at < last; at += 1)
      digits[at] = Math.max(digits[at] ?? 0, WEIGHT[one.busy])
  }
  return digits.join('')
}
