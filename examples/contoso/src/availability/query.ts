/**
 * What GetUserAvailability asks: whose calendars, from when to when, and how much of them. Parsed and written.
 *
 * Pure. It owns the form of the request ([MS-OXWAVLS], F 4.6) and its bounds. It looks nobody up and decides nothing.
 */
import { SoapFault } from '../soap/envelope.ts'
import { escapeXml, findChild, type XmlElement } from '../soap/xml.ts'
import { type ClockChange, parseInstant, type TimeZone, toWallClock, UTC } from './time-zone.ts'

export const MESSAGES = 'http://schemas.microsoft.com/exchange/services/2006/messages'
export const TYPES = 'http://schemas.microsoft.com/exchange/services/2006/types'

export const VIEWS = ['MergedOnly', 'FreeBusy', 'FreeBusyMerged', 'Detailed', 'DetailedMerged'] as const
export type View = (typeof VIEWS)[number]

export type AvailabilityQuery = Readonly<{
  /** In the order in which the answers come. At most 100. */
  addresses: readonly string[]
  from: Date
  to: Date
  /** Length of one digit of the merged view. */
  intervalMinutes: number
  view: View
  /** Of the caller; the answer's times are on its clock. */
  zone: TimeZone
}>

/** The query as it stands is refused; each code is one of Exchange's own response codes. */
export class AvailabilityRefused extends Error {
  readonly code:
    | 'ErrorIdentityArrayEmpty'
    | 'ErrorIdentityArrayTooBig'
    | 'ErrorInvalidTimeInterval'
    | 'ErrorTimeIntervalTooBig'
    | 'ErrorInvalidMergedFreeBusyInterval'
    | 'ErrorInvalidFreeBusyViewType'

  constructor(code: AvailabilityRefused['code'], message: string) {
    super(message)
    this.name = 'AvailabilityRefused'
    this.code = code
  }
}

const MOST_MAILBOXES = 100
const LONGEST_DAYS = 42
const DAY = 86_400_000
const MINUTE = 60_000

/**
 * @throws {AvailabilityRefused} well-formed, but more than is answered.
 * @throws {SoapFault} `ErrorSchemaValidation`
 */
export function parseAvailabilityQuery(request: XmlElement): AvailabilityQuery {
  const zone = readZone(findChild(request, TYPES, 'TimeZone'))
  const addresses = (findChild(request, MESSAGES, 'MailboxDataArray')?.children ?? []).map((mailbox) => {
    const address = findChild(mailbox, TYPES, 'Email', 'Address')?.text.trim() ?? ''
    if (address === '' || address.length > 320) throw malformed('Each MailboxData needs one Email/Address.')
    return address
  })
  if (addresses.length === 0) throw new AvailabilityRefused('ErrorIdentityArrayEmpty', 'The request names no mailbox.')
  if (addresses.length > MOST_MAILBOXES)
    throw new AvailabilityRefused('ErrorIdentityArrayTooBig', `At most ${MOST_MAILBOXES} mailboxes can be asked for at once.`)
  const options = findChild(request, TYPES, 'FreeBusyViewOptions')
  const [from, to] = ['StartTime', 'EndTime'].map((name) =>
    parseInstant(findChild(options, TYPES, 'TimeWindow', name)?.text.trim() ?? '', zone),
  )
  if (from === undefined || to === undefined) throw malformed('The TimeWindow needs a StartTime and an EndTime.')
  if (to <= from) throw new AvailabilityRefused('ErrorInvalidTimeInterval', 'The time window ends before it begins.')
  if (to.getTime() - from.getTime() > LONGEST_DAYS * DAY)
    throw new AvailabilityRefused('ErrorTimeIntervalTooBig', `The time window may be ${LONGEST_DAYS} days long at most.`)
  return Object.freeze({
    addresses: Object.freeze(addresses),
    from,
    to,
    intervalMinutes: readInterval(findChild(options, TYPES, 'MergedFreeBusyIntervalInMinutes'), to.getTime() - from.getTime()),
    view: readView(findChild(options, TYPES, 'RequestedView')),
    zone,
  })
}

/** The same query as a request, for a server that asks another one. Element order as in F 4.6. */
export function renderAvailabilityRequest(query: AvailabilityQuery): string {
  const { bias, standard, daylight } = query.zone
  const change = (name: string, one: ClockChange): string =>
    `<t:${name}><t:Bias>${one.bias}</t:Bias><t:Time>${clockOf(one.minuteOfDay)}</t:Time><t:DayOrder>${one.dayOrder}</t:DayOrder>` +
    `<t:Month>${one.month}</t:Month><t:DayOfWeek>${WEEKDAYS[one.dayOfWeek]}</t:DayOfWeek></t:${name}>`
  return [
    `<m:GetUserAvailabilityRequest xmlns:m="${MESSAGES}" xmlns:t="${TYPES}">`,
    `<t:TimeZone><t:Bias>${bias}</t:Bias>${change('StandardTime', standard)}${change('DaylightTime', daylight)}</t:TimeZone>`,
    '<m:MailboxDataArray>',
    ...query.addresses.map(
      (address) =>
        `<t:MailboxData><t:Email><t:Address>${escapeXml(address)}</t:Address></t:Email>` +
        '<t:AttendeeType>Required</t:AttendeeType><t:ExcludeConflicts>false</t:ExcludeConflicts></t:MailboxData>',
    ),
    '</m:MailboxDataArray>',
    '<t:FreeBusyViewOptions>',
    `<t:TimeWindow><t:StartTime>${toWallClock(query.from, query.zone)}</t:StartTime><t:EndTime>${toWallClock(query.to, query.zone)}</t:EndTime></t:TimeWindow>`,
    `<t:MergedFreeBusyIntervalInMinutes>${query.intervalMinutes}</t:MergedFreeBusyIntervalInMinutes>`,
    `<t:RequestedView>${query.view}</t:RequestedView>`,
    '</t:FreeBusyViewOptions>',
    '</m:GetUserAvailabilityRequest>',
  ].join('\n')
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

const malformed = (message: string): SoapFault => new SoapFault('ErrorSchemaValidation', message)

const clockOf = (minuteOfDay: number): string => new Date(minuteOfDay * MINUTE).toISOString().slice(11, 19)

/** From five minutes to a day, and not longer than the window ([MS-OXWAVLS] section 2.2.4.16). */
function readInterval(element: XmlElement | undefined, window: number): number {
  if (element === undefined) return 30
  const minutes = /^\d{1,4}$/.test(element.text.trim()) ? Number(element.text) : 0
  if (minutes < 5 || minutes > 1440 || minutes * MINUTE > window)
    throw new AvailabilityRefused(
      'ErrorInvalidMergedFreeBusyInterval',
      'The interval must be 5 to 1440 minutes, within the window.',
    )
  return minutes
}

function readView(element: XmlElement | undefined): View {
  // The schema lets clients join names with spaces; every one of them is a wish, and the last is the widest.
  const names = (element?.text ?? 'FreeBusyMerged').trim().split(/\s+/)
  const view = VIEWS.findLast((one) => names.includes(one))
  if (view === undefined || names.some((name) => !VIEWS.includes(name as View)))
    throw new AvailabilityRefused('ErrorInvalidFreeBusyViewType', `RequestedView must be one of ${VIEWS.join(', ')}.`)
  return view
}

function readZone(element: XmlElement | undefined): TimeZone {
  if (element === undefined) return UTC
  const change = (name: string): ClockChange => {
    const of = (part: string): string => findChild(element, TYPES, name, part)?.text.trim() ?? ''
    const time = /^(\d{2}):(\d{2}):\d{2}/.exec(of('Time'))
    const dayOfWeek = WEEKDAYS.indexOf(of('DayOfWeek') as (typeof WEEKDAYS)[number])
    if (time === null || dayOfWeek < 0) throw malformed(`The TimeZone needs a whole ${name}.`)
    return Object.freeze({
      bias: readNumber(of('Bias'), { least: -1440, most: 1440 }),
      month: readNumber(of('Month'), { least: 0, most: 12 }),
      dayOrder: readNumber(of('DayOrder'), { least: 0, most: 5 }),
      dayOfWeek,
      minuteOfDay: readNumber(String(Number(time[1]) * 60 + Number(time[2])), { least: 0, most: 1439 }),
    })
  }
  const bias = readNumber(findChild(element, TYPES, 'Bias')?.text.trim() ?? '', { least: -1440, most: 1440 })
  return Object.freeze({ bias, standard: change('StandardTime'), daylight: change('DaylightTime') })
}

function readNumber(text: string, { least, most }: { least: number; most: number }): number {
  const value = /^-?\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw malformed('The TimeZone holds a number that cannot be.')
}
