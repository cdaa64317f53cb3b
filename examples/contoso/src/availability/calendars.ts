/**
 * Calendars in memory, and whom their owners let look: what Exchange calls calendar permissions.
 *
 * It owns appointments and sharing. It decides for one requester and one calendar; how the requester was recognised is
 * access.ts's business, and how an answer looks is view.ts's.
 */

/**
 * How much somebody may see. `availability`: when, and how busy. `limitedDetails`: subject and place too.
 * `fullDetails`: also of appointments that are marked private.
 */
export const SHARING_LEVELS = ['none', 'availability', 'limitedDetails', 'fullDetails'] as const
export type SharingLevel = (typeof SHARING_LEVELS)[number]

export type BusyType = 'Free' | 'Tentative' | 'Busy' | 'OOF'

/** `from` is included, `to` is not. */
export type Appointment = Readonly<{
  id: string
  from: Date
  to: Date
  busy: BusyType
  subject: string
  place: string
  isPrivate: boolean
  isMeeting: boolean
}>

export type Calendar = Readonly<{
  /** The user principal name of the one whose calendar it is; they see everything. */
  owner: string
  sharing: Readonly<{ everybody: SharingLevel; people: Readonly<Record<string, SharingLevel>> }>
  /** What touches the window, in the order of its beginning. */
  between: (from: Date, to: Date) => readonly Appointment[]
}>

/** What the requester may see of the calendar. A person's own rule replaces the one for everybody, also when it is narrower. */
export function decideSharing(calendar: Calendar, requesterUpn: string): SharingLevel {
  const requester = requesterUpn.toLowerCase()
  if (requester === calendar.owner.toLowerCase()) return 'fullDetails'
  const { people, everybody } = calendar.sharing
  return Object.hasOwn(people, requester) ? (people[requester] ?? 'none') : everybody
}

type Habit = Readonly<{
  from: `${number}:${number}`
  to: `${number}:${number}`
  busy: BusyType
  subject: string
  place: string
  isPrivate?: true
  isMeeting?: true
}>

const DAY = 86_400_000

/** A calendar of the same appointments on each working day, in UTC: so there is something to see on whatever day it is tried. */
export function workingDays(owner: string, sharing: Calendar['sharing'], habits: readonly Habit[]): Calendar {
  const people = Object.freeze(
    Object.fromEntries(Object.entries(sharing.people).map(([upn, level]) => [upn.toLowerCase(), level])),
  )
  const between = (from: Date, to: Date): readonly Appointment[] => {
    const found: Appointment[] = []
    for (let day = Math.floor(from.getTime() / DAY) * DAY; day < to.getTime(); day += DAY) {
      if ([0, 6].includes(new Date(day).getUTCDay())) continue
      const date = new Date(day).toISOString().slice(0, 10)
      for (const [at, habit] of habits.entries()) {
        const appointment: Appointment = Object.freeze({
          id: `${date}/${at + 1}`,
          from: new Date(`${date}T${habit.from}:00Z`),
          to: new Date(`${date}T${habit.to}:00Z`),
          busy: habit.busy,
          subject: habit.subject,
          place: habit.place,
          isPrivate: habit.isPrivate === true,
          isMeeting: habit.isMeeting === true,
        })
        if (appointment.from < to && appointment.to > from) found.push(appointment)
      }
    }
    return Object.freeze(found)
  }
  return Object.freeze({ owner, sharing: Object.freeze({ everybody: sharing.everybody, people }), between })
}

/** Joe shows his colleagues when he is busy, Mary also with what and where, and Rita nothing at all. */
export const calendarOfJoe = (domain: string): Calendar =>
  workingDays(
    `joe@${domain}`,
    { everybody: 'availability', people: { [`mary@${domain}`]: 'limitedDetails', [`rita@${domain}`]: 'none' } },
    [
      { from: '09:00', to: '10:00', busy: 'Busy', subject: 'Bridge drawings, second round', place: 'Room 3', isMeeting: true },
      { from: '12:30', to: '13:30', busy: 'Tentative', subject: 'Lunch with Mary', place: 'The place by the river' },
      { from: '15:00', to: '15:30', busy: 'Busy', subject: 'Dentist', place: 'Mill Street 4', isPrivate: true },
      { from: '16:00', to: '17:00', busy: 'OOF', subject: 'Site visit', place: 'North pier', isMeeting: true },
    ],
  )

/** Mary and the administrator, whose calendars stay on premises. */
export const calendarsOnPremises = (domain: string): readonly Calendar[] => [
  workingDays(`mary@${domain}`, { everybody: 'availability', people: {} }, [
    { from: '10:00', to: '11:00', busy: 'Busy', subject: 'Week plan', place: 'Room 1', isMeeting: true },
    { from: '12:30', to: '13:30', busy: 'Tentative', subject: 'Lunch with Joe', place: 'The place by the river' },
  ]),
  workingDays(`admin@${domain}`, { everybody: 'availability', people: {} }, [
    { from: '08:00', to: '08:30', busy: 'Busy', subject: 'Backups', place: 'Machine room' },
  ]),
]
