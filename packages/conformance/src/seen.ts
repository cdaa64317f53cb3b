/**
 * Writes what was seen on one line of a finding: bounded, printable, without tokens, and so that it can be read without the code.
 *
 * It owns the words for answers, for what is absent and for what is empty. Secrets that were learnt are struck out by redaction.ts.
 */

/** What of an answer tells something: those of requests and the pages of the kit's browser alike. */
interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body?: string
  readonly html?: string
  readonly json?: Readonly<Record<string, unknown>> | undefined
}

const isAnswered = (seen: object): seen is Answered =>
  typeof Reflect.get(seen, 'status') === 'number' && Reflect.get(seen, 'headers') instanceof Headers

/** `200 text/html`; `400 invalid_grant`; `302 to https://app.example/cb`; `401, no WWW-Authenticate`. */
export function describeAnswered({ status, headers, body, html, json }: Answered): string {
  const location = headers.get('location')
  if (status >= 300 && status < 400 && location !== null) return `${status} to ${location.replace(/[?#].*$/s, '')}`
  const missing = status === 401 && !headers.has('www-authenticate') ? ', no WWW-Authenticate' : ''
  if (typeof json?.error === 'string') return `${status} ${json.error}${missing}`
  const text = body ?? html ?? ''
  if (text === '') return `${status}${missing}`
  const [type = ''] = (headers.get('content-type') ?? 'without a content type').split(';')
  return `${status} ${type.trim()}${missing}`
}

/** The same where a JSON object was wanted: `200 text/html, not JSON`. */
export const describeDocument = (answer: Answered): string =>
  `${describeAnswered(answer)}${answer.json === undefined && (answer.body ?? '') !== '' ? ', not JSON' : ''}`

/** The challenge of an answer as it stands there, or that there is none. */
export const describeChallenge = ({ status, headers }: Answered): string => {
  const header = headers.get('www-authenticate')
  return header === null ? `${status}, no WWW-Authenticate` : header === '' ? `${status}, an empty WWW-Authenticate` : header
}

function wordsFor(seen: unknown): string {
  if (seen === undefined || seen === null) return 'absent'
  if (seen === '') return 'empty'
  if (typeof seen === 'string') return seen
  if (typeof seen !== 'object') return String(seen)
  if (isAnswered(seen)) return describeAnswered(seen)
  if (Array.isArray(seen))
    return seen.length === 0 ? 'an empty list' : JSON.stringify(seen.map((one: unknown) => one ?? 'absent'))
  const text = JSON.stringify(seen) ?? String(seen)
  // Members that are undefined are left out: nothing of what was looked for is there.
  return text === '{}' ? 'absent' : text
}

const LONGEST = 300
/** Anything that looks like a compact JWS or another long secret stays out of reports, which people paste into issues. It begins where a word does: no run is read twice. */
const SECRET = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,}(\.[A-Za-z0-9_-]{8,}){1,2}/g
/** What no terminal should be sent: control characters, marks that turn the direction of writing, halves of letters. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]+/gu

/** Cuts between two words, where there are words. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text
  const cut = text.slice(0, most)
  const words = cut.replace(/\s+\S*$/, '')
  return `${words.length > most / 2 ? words : cut} ...`
}

/** `redact` sees the whole before it is cut: half a secret is not found again. */
export function describeSeen(seen: unknown, redact: (text: string) => string = (text) => text): string {
  const shown = redact(wordsFor(seen)).replaceAll(SECRET, '[token]').replaceAll(UNPRINTABLE, ' ')
  return shorten(shown, LONGEST)
}
