import { describe, expect, test } from 'vitest'
import type { Neighbour } from '../hybrid/neighbour.ts'
import { demoPeople } from '../people.ts'
import { renderEnvelope } from '../soap/envelope.ts'
import { findChild, parseXml } from '../soap/xml.ts'
import { readAvailability, renderAvailability } from './answer.ts'
import { createAvailability } from './availability.ts'
import { calendarOfJoe, calendarsOnPremises, type SharingLevel, workingDays } from './calendars.ts'
import { type AvailabilityQuery, parseAvailabilityQuery, renderAvailabilityRequest } from './query.ts'
import { parseInstant, type TimeZone, toWallClock, UTC } from './time-zone.ts'
import { refusedMailbox, viewCalendar } from './view.ts'

const DOMAIN = 'contoso.com'
const CLOUD = 'contoso.onmicrosoft.test'
const people = demoPeople({ onPremises: DOMAIN, cloud: CLOUD })
const berlin: TimeZone = {
  bias: -60,
  standard: { bias: 0, month: 10, dayOrder: 5, dayOfWeek: 0, minuteOfDay: 180 },
  daylight: { bias: -60, month: 3, dayOrder: 5, dayOfWeek: 0, minuteOfDay: 120 },
}
const hobart: TimeZone = {
  bias: -600,
  standard: { bias: 0, month: 4, dayOrder: 1, dayOfWeek: 0, minuteOfDay: 180 },
  daylight: { bias: -60, month: 10, dayOrder: 1, dayOfWeek: 0, minuteOfDay: 120 },
}

/** Tuesday, in summer. */
const query = (wanted: Partial<AvailabilityQuery> = {}): AvailabilityQuery => ({
  addresses: [`joe@${DOMAIN}`],
  from: new Date('2026-07-07T08:00:00Z'),
  to: new Date('2026-07-07T18:00:00Z'),
  intervalMinutes: 60,
  view: 'DetailedMerged',
  zone: UTC,
  ...wanted,
})
const parsed = (xml: string) => parseAvailabilityQuery(parseXml(new TextEncoder().encode(xml)))
const subjects = (answer: ReturnType<typeof viewCalendar>) =>
  answer.outcome === 'seen' ? (answer.freeBusy.events ?? []).map(({ details }) => details?.subject) : answer.code

describe('times', () => {
  test.each([
    [berlin, '2026-01-15T10:00:00', '2026-01-15T09:00:00.000Z'],
    [berlin, '2026-07-15T10:00:00', '2026-07-15T08:00:00.000Z'],
    [berlin, '2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
    [berlin, '2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
    [berlin, '2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
    [hobart, '2026-01-15T10:00:00', '2026-01-14T23:00:00.000Z'],
    [hobart, '2026-07-15T10:00:00', '2026-07-15T00:00:00.000Z'],
  ])('a wall clock is read with the season and written back', (zone, wall, instant) => {
    const read = parseInstant(wall, zone)
    expect(read?.toISOString()).toBe(instant)
    expect(toWallClock(read ?? new Date(0), zone)).toBe(wall)
  })

  test('an offset counts, whatever the zone; what is no time is none', () => {
    expect(parseInstant('2026-07-15T10:00:00+05:30', berlin)?.toISOString()).toBe('2026-07-15T04:30:00.000Z')
    expect(parseInstant('2026-07-15T10:00:00.0000000Z', berlin)?.toISOString()).toBe('2026-07-15T10:00:00.000Z')
    for (const text of ['', '2026-02-30T00:00:00', '2026-07-15', '2026-07-15T24:61:00', '2026-07-15T10:00:00+99:99', 'now'])
      expect(parseInstant(text, UTC)).toBeUndefined()
  })
})

describe('a query', () => {
  test('is read back as it was written', () => {
    const addresses = [`joe@${DOMAIN}`, 'o&<x>@example.org']
    for (const one of [query({ addresses }), query({ addresses, zone: berlin, view: 'FreeBusy', intervalMinutes: 30 })])
      expect(parsed(renderAvailabilityRequest(one))).toEqual(one)
  })

  const request = renderAvailabilityRequest(query())
  test.each([
    ['no mailbox', request.replace(/<t:MailboxData>.*?<\/t:MailboxData>/s, ''), 'ErrorIdentityArrayEmpty'],
    ['101 mailboxes', renderAvailabilityRequest(query({ addresses: Array(101).fill('a@b.c') })), 'ErrorIdentityArrayTooBig'],
    ['a window that ends before it begins', request.replace('T18:00:00', 'T07:00:00'), 'ErrorInvalidTimeInterval'],
    ['a window of more than 42 days', request.replace('2026-07-07T18', '2026-08-18T09'), 'ErrorTimeIntervalTooBig'],
    ['an interval of four minutes', request.replace('>60<', '>4<'), 'ErrorInvalidMergedFreeBusyInterval'],
    ['an interval longer than the window', request.replace('>60<', '>601<'), 'ErrorInvalidMergedFreeBusyInterval'],
    ['an interval that is no number', request.replace('>60<', '>1e3<'), 'ErrorInvalidMergedFreeBusyInterval'],
    ['a view that nobody knows', request.replace('DetailedMerged', 'Everything'), 'ErrorInvalidFreeBusyViewType'],
    ['no window', request.replace(/<t:TimeWindow>.*<\/t:TimeWindow>/s, ''), 'ErrorSchemaValidation'],
    ['half a time zone', request.replace(/<t:DaylightTime>.*<\/t:DaylightTime>/s, ''), 'ErrorSchemaValidation'],
    ['a time zone of another world', request.replace('<t:Bias>0<', '<t:Bias>99999<'), 'ErrorSchemaValidation'],
    ['addresses of another namespace', request.replaceAll('t:Address', 'm:Address'), 'ErrorSchemaValidation'],
  ])('with %s is refused', (_, xml, code) => {
    expect(() => parsed(xml)).toThrowError(expect.objectContaining({ code }))
  })

  test('may ask for 100 mailboxes and 42 days', () => {
    const most = query({ addresses: Array(100).fill('a@b.c'), to: new Date('2026-08-18T08:00:00Z') })
    expect(parsed(renderAvailabilityRequest(most))).toEqual(most)
  })
})

describe('calendar permissions', () => {
  const calendar = calendarOfJoe(DOMAIN)

  test.each([
    ['joe', ['Bridge drawings, second round', 'Lunch with Mary', 'Dentist', 'Site visit']],
    ['MARY', ['Bridge drawings, second round', 'Lunch with Mary', undefined, 'Site visit']],
    ['ann', [undefined, undefined, undefined, undefined]],
    ['rita', 'ErrorNoFreeBusyAccess'],
  ])('decide what %s sees', (name, expected) => {
    expect(subjects(viewCalendar(calendar, `${name}@${DOMAIN}`, query()))).toEqual(expected)
  })

  const table: readonly (readonly [SharingLevel, string, readonly (string | undefined)[] | string])[] = [
    ['none', '', 'ErrorNoFreeBusyAccess'],
    ['availability', 'FreeBusyMerged', [undefined, undefined]],
    ['limitedDetails', 'DetailedMerged', ['Plan', undefined]],
    ['fullDetails', 'DetailedMerged', ['Plan', 'Secret']],
  ]
  test.each(table)('%s for everybody gives that to everybody, and to nobody more', (everybody, view, expected) => {
    const shared = workingDays('joe@x', { everybody, people: { 'toString@x': 'none' } }, [
      { from: '09:00', to: '10:00', busy: 'Busy', subject: 'Plan', place: '' },
      { from: '11:00', to: '12:00', busy: 'Busy', subject: 'Secret', place: '', isPrivate: true },
    ])
    const seen = viewCalendar(shared, 'ann@x', query())
    expect(subjects(seen)).toEqual(expected)
    if (seen.outcome === 'seen') expect(seen.freeBusy.view).toBe(view)
    expect(subjects(viewCalendar(shared, 'tostring@x', query()))).toBe('ErrorNoFreeBusyAccess')
  })

  test('a name that every object has is no permission', () => {
    const shared = workingDays('joe@x', { everybody: 'none', people: {} }, [])
    for (const name of ['constructor', '__proto__', 'toString'])
      expect(subjects(viewCalendar(shared, name, query()))).toBe('ErrorNoFreeBusyAccess')
  })

  test('a person who may only see when gets no detail by asking for it, nor by asking in another way', () => {
    for (const view of ['Detailed', 'DetailedMerged', 'FreeBusy', 'FreeBusyMerged', 'MergedOnly'] as const) {
      const text = renderAvailability([viewCalendar(calendar, `ann@${DOMAIN}`, query({ view }))], query())
      expect(text).not.toMatch(/Bridge|Lunch|Dentist|Site|CalendarEventDetails/)
    }
  })

  test('the busiest thing that touches an interval is its digit', () => {
    const seen = viewCalendar(calendar, `mary@${DOMAIN}`, query({ view: 'MergedOnly' }))
    expect(seen).toEqual({ outcome: 'seen', freeBusy: { view: 'MergedOnly', merged: '0200110230' } })
  })

  test('there is nothing on a Sunday', () => {
    const sunday = query({ from: new Date('2026-07-05T00:00:00Z'), to: new Date('2026-07-06T00:00:00Z') })
    expect(subjects(viewCalendar(calendar, `mary@${DOMAIN}`, sunday))).toEqual([])
  })
})

describe('an answer', () => {
  const bytes = (body: string): Uint8Array => new TextEncoder().encode(renderEnvelope(body))
  const bodyOf = (body: string) =>
    findChild(parseXml(bytes(body)), 'http://schemas.xmlsoap.org/soap/envelope/', 'Body')?.children[0]

  test('is read back as it was written, one for each mailbox and in their order', () => {
    for (const zone of [UTC, berlin]) {
      const asked = query({ zone, addresses: ['a@b.c', 'd@e.f', 'g@h.i'] })
      const answers = [
        refusedMailbox('ErrorMailRecipientNotFound', 'There is no such mailbox.'),
        viewCalendar(calendarOfJoe(DOMAIN), `joe@${DOMAIN}`, asked),
        viewCalendar(calendarOfJoe(DOMAIN), `ann@${DOMAIN}`, asked),
      ]
      expect(readAvailability(bodyOf(renderAvailability(answers, asked)), asked)).toEqual(answers)
    }
  })

  test('of another server that is not understood counts as refused', () => {
    const asked = query({ addresses: ['a@b.c', 'd@e.f'] })
    const one = renderAvailability([viewCalendar(calendarOfJoe(DOMAIN), `joe@${DOMAIN}`, asked)], asked)
    const two = renderAvailability(Array(2).fill(viewCalendar(calendarOfJoe(DOMAIN), `joe@${DOMAIN}`, asked)), asked)
    const wrong = [
      undefined,
      one,
      two.replaceAll('NoError', 'Perhaps'),
      two.replaceAll('Busy<', 'Bored<'),
      two.replaceAll('2006/messages', '2007/messages'),
    ]
    for (const text of wrong) {
      const read = readAvailability(text === undefined ? undefined : bodyOf(text), asked)
      expect(read.map((answer) => answer.outcome === 'refused' && answer.code)).toEqual(
        Array(2).fill('ErrorProxyRequestProcessingFailed'),
      )
    }
  })
})

describe('a server', () => {
  const asked: string[][] = []
  const neighbour: Neighbour = {
    domain: CLOUD,
    ask: async (person, { addresses }) => {
      asked.push([person.upn, ...addresses])
      return addresses.map((address) => refusedMailbox('ErrorNoFreeBusyAccess', address))
    },
  }
  const availability = createAvailability({ people, calendars: calendarsOnPremises(DOMAIN), neighbour })
  const addresses = [`joe@${CLOUD}`, `mary@${DOMAIN}`, `nobody@${DOMAIN}`, `JOE@${DOMAIN}`]
  const outcome = (answers: Awaited<ReturnType<typeof availability>>) =>
    answers.map((answer) => (answer.outcome === 'seen' ? 'seen' : answer.code))

  test('asks the other one once for all that is there, and keeps the order', async () => {
    const answers = await availability(query({ addresses }), { requesterUpn: `mary@${DOMAIN}`, viaServer: false, id: '1' })
    expect(outcome(answers)).toEqual(['ErrorNoFreeBusyAccess', 'seen', 'ErrorMailRecipientNotFound', 'ErrorNoFreeBusyAccess'])
    expect(asked).toEqual([[`mary@${DOMAIN}`, `joe@${CLOUD}`, `JOE@${DOMAIN}`]])
  })

  test('does not hand on what a server asked it, so that two never ask in a circle', async () => {
    asked.length = 0
    const answers = await availability(query({ addresses }), { requesterUpn: `mary@${DOMAIN}`, viaServer: true, id: '1' })
    expect(outcome(answers)).toEqual([
      'ErrorMailRecipientNotFound',
      'seen',
      'ErrorMailRecipientNotFound',
      'ErrorMailRecipientNotFound',
    ])
    expect(asked).toEqual([])
  })
})
