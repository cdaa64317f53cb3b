/**
 * The answer to GetUserAvailability, written by the server that was asked and read by a server that asked another one.
 *
 * Pure. One FreeBusyResponse a mailbox, in the order of the request (F 4.6). Times are on the clock of the query's zone.
 */
import { escapeXml, findChild, type XmlElement } from '../soap/xml.ts'
import type { BusyType } from './calendars.ts'
import { type AvailabilityQuery, MESSAGES, TYPES, VIEWS } from './query.ts'
import { parseInstant, type TimeZone, toWallClock } from './time-zone.ts'
import { type CalendarEvent, type FreeBusyView, type MailboxAvailability, refusedMailbox } from './view.ts'

/** The body of the answer. */
export const renderAvailability = (answers: readonly MailboxAvailability[], { zone }: AvailabilityQuery): string =>
  [
    `<m:GetUserAvailabilityResponse xmlns:m="${MESSAGES}" xmlns:t="${TYPES}">`,
    '<m:FreeBusyResponseArray>',
    ...answers.map((answer) => `<m:FreeBusyResponse>${renderMailbox(answer, zone)}</m:FreeBusyResponse>`),
    '</m:FreeBusyResponseArray>',
    '</m:GetUserAvailabilityResponse>',
  ].join('\n')

function renderMailbox(answer: MailboxAvailability, zone: TimeZone): string {
  if (answer.outcome === 'refused') {
    return (
      `<m:ResponseMessage ResponseClass="Error"><m:MessageText>${escapeXml(answer.message)}</m:MessageText>` +
      `<m:ResponseCode>${answer.code}</m:ResponseCode></m:ResponseMessage>` +
      '<m:FreeBusyView><t:FreeBusyViewType>None</t:FreeBusyViewType></m:FreeBusyView>'
    )
  }
  const { view, merged, events } = answer.freeBusy
  return [
    '<m:ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage>',
    `<m:FreeBusyView><t:FreeBusyViewType>${view}</t:FreeBusyViewType>`,
    ...(merged === undefined ? [] : [`<t:MergedFreeBusy>${merged}</t:MergedFreeBusy>`]),
    ...(events === undefined || events.length === 0
      ? []
      : ['<t:CalendarEventArray>', ...events.map((event) => renderEvent(event, zone)), '</t:CalendarEventArray>']),
    '</m:FreeBusyView>',
  ].join('\n')
}

function renderEvent({ from, to, busy, details }: CalendarEvent, zone: TimeZone): string {
  const more =
    details === undefined
      ? ''
      : `<t:CalendarEventDetails><t:ID>${escapeXml(details.id)}</t:ID><t:Subject>${escapeXml(details.subject)}</t:Subject>` +
        `<t:Location>${escapeXml(details.place)}</t:Location><t:IsMeeting>${details.isMeeting}</t:IsMeeting>` +
        '<t:IsRecurring>false</t:IsRecurring><t:IsException>false</t:IsException><t:IsReminderSet>false</t:IsReminderSet>' +
        `<t:IsPrivate>${details.isPrivate}</t:IsPrivate></t:CalendarEventDetails>`
  return (
    `<t:CalendarEvent><t:StartTime>${toWallClock(from, zone)}</t:StartTime><t:EndTime>${toWallClock(to, zone)}</t:EndTime>` +
    `<t:BusyType>${busy}</t:BusyType>${more}</t:CalendarEvent>`
  )
}

/**
 * Reads the answer of another server, which may be anything. Whatever is not understood counts as refused, and an answer
 * with another number of mailboxes than were asked for counts for none of them.
 */
export function readAvailability(
  answer: XmlElement | undefined,
  { addresses, zone }: Pick<AvailabilityQuery, 'addresses' | 'zone'>,
): readonly MailboxAvailability[] {
  const unread = refusedMailbox('ErrorProxyRequestProcessingFailed', 'The server of this mailbox gave no usable answer.')
  const responses = findChild(answer, MESSAGES, 'FreeBusyResponseArray')?.children ?? []
  if (answer?.namespace !== MESSAGES || answer.name !== 'GetUserAvailabilityResponse' || responses.length !== addresses.length)
    return addresses.map(() => unread)
  return responses.map((response) => {
    const code = findChild(response, MESSAGES, 'ResponseMessage', 'ResponseCode')?.text
    if (code === 'ErrorMailRecipientNotFound') return refusedMailbox(code, 'There is no such mailbox.')
    if (code === 'ErrorNoFreeBusyAccess') return refusedMailbox(code, 'The owner of this calendar does not show it to you.')
    const freeBusy = code === 'NoError' ? readView(findChild(response, MESSAGES, 'FreeBusyView'), zone) : undefined
    return freeBusy === undefined ? unread : Object.freeze({ outcome: 'seen', freeBusy })
  })
}

function readView(element: XmlElement | undefined, zone: TimeZone): FreeBusyView | undefined {
  const named = findChild(element, TYPES, 'FreeBusyViewType')?.text
  const view = VIEWS.find((one) => one === named)
  const merged = findChild(element, TYPES, 'MergedFreeBusy')?.text
  if (view === undefined || (merged !== undefined && !/^[0-4]{0,20000}$/.test(merged))) return undefined
  const array = findChild(element, TYPES, 'CalendarEventArray')
  const events = (array?.children ?? []).map((event) => readEvent(event, zone))
  if (events.includes(undefined)) return undefined
  const read = Object.freeze(events.filter((one) => one !== undefined))
  return Object.freeze({ view, ...(merged === undefined ? {} : { merged }), ...(view === 'MergedOnly' ? {} : { events: read }) })
}

const BUSY: readonly BusyType[] = ['Free', 'Tentative', 'Busy', 'OOF']

function readEvent(event: XmlElement, zone: TimeZone): CalendarEvent | undefined {
  const [from, to] = ['StartTime', 'EndTime'].map((name) => parseInstant(findChild(event, TYPES, name)?.text ?? '', zone))
  const busy = BUSY.find((one) => one === findChild(event, TYPES, 'BusyType')?.text)
  if (from === undefined || to === undefined || busy === undefined) return undefined
  const details = findChild(event, TYPES, 'CalendarEventDetails')
  const text = (name: string): string => findChild(details, TYPES, name)?.text ?? ''
  if (details === undefined) return Object.freeze({ from, to, busy })
  return Object.freeze({
    from,
    to,
    busy,
    details: Object.freeze({
      id: text('ID'),
      subject: text('Subject'),
      place: text('Location'),
      isPrivate: text('IsPrivate') === 'true',
      isMeeting: text('IsMeeting') === 'true',
    }),
  })
}
