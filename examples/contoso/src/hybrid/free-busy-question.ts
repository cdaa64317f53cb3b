/**
 * A mail client's question for somebody's free time, and its answer as a person reads it.
 *
 * It owns the day that is asked for and the picture of it. The question goes to the person's own server; where the calendar is,
 * the client neither knows nor asks.
 */
import { readAvailability } from '../availability/answer.ts'
import { type AvailabilityQuery, renderAvailabilityRequest } from '../availability/query.ts'
import { UTC } from '../availability/time-zone.ts'
import type { MailboxAvailability } from '../availability/view.ts'
import { readAnswer, renderEnvelope } from '../soap/envelope.ts'
import type { Screen } from './screen.ts'
import { type Exchange, watchedFetch } from './trace.ts'

const DAY = 86_400_000

/** The working hours (UTC) of the next working day, in half hours. */
export function workingDayAfter(now: Date, address: string): AvailabilityQuery {
  let day = Math.floor(now.getTime() / DAY) * DAY + DAY
  while ([0, 6].includes(new Date(day).getUTCDay())) day += DAY
  const date = new Date(day).toISOString().slice(0, 10)
  return Object.freeze({
    addresses: Object.freeze([address]),
    from: new Date(`${date}T08:00:00Z`),
    to: new Date(`${date}T18:00:00Z`),
    intervalMinutes: 30,
    view: 'DetailedMerged',
    zone: UTC,
  })
}

/** Asks the person's own server. The exchange is for those who watch. */
export async function askOwnServer(
  query: AvailabilityQuery,
  own: { baseUrl: string; accessToken: string; requestId: string },
): Promise<{ exchange: Exchange; answer: MailboxAvailability | undefined }> {
  let exchange: Exchange | undefined
  const ask = watchedFetch(fetch, (one) => {
    exchange = one
  })
  const response = await ask(`${own.baseUrl}/EWS/Exchange.asmx`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${own.accessToken}`,
      'content-type': 'text/xml; charset=utf-8',
      'client-request-id': own.requestId,
    },
    body: renderEnvelope(renderAvailabilityRequest(query)),
  })
  if (exchange === undefined) throw new TypeError('an answered request was watched')
  const bytes = new Uint8Array(await response.arrayBuffer())
  const [answer] = response.status === 200 ? readAvailability(readAnswer(bytes), query) : []
  return { exchange, answer }
}

const WORDS = { Free: 'free', Tentative: 'tentative', Busy: 'busy', OOF: 'away' } as const

/** The day as a strip of half hours and a list. */
export function renderDay(answer: MailboxAvailability | undefined, query: AvailabilityQuery, screen: Screen): readonly string[] {
  if (answer === undefined) return ['   The server gave no answer.']
  if (answer.outcome === 'refused') return screen.wrap(`${answer.code}: ${answer.message}`, { indent: '   ' })
  const { merged = '', events = [] } = answer.freeBusy
  const first = query.from.getUTCHours()
  const hours = Array.from({ length: Math.ceil(merged.length / 2) }, (_, at) => String(first + at).padStart(2, '0'))
  const strip = [...merged].map((digit) => ({ '0': '..', '1': '//', '2': '##', '3': '~~' })[digit] ?? '??')
  return [
    screen.paint(
      'quiet',
      `   ${hours
        .map((hour) => hour.padEnd(4))
        .join('')
        .trimEnd()}`,
    ),
    `   ${strip.join('')}`,
    ...events.flatMap(({ from, to, busy, details }) => {
      const time = `${from.toISOString().slice(11, 16)}-${to.toISOString().slice(11, 16)}`
      const what = details === undefined ? '' : [details.subject, details.place].filter((text) => text !== '').join(' / ')
      return screen.wrap(`${time}  ${WORDS[busy].padEnd(10)} ${what}`, { indent: '   ', hanging: ' '.repeat(27) })
    }),
  ]
}
