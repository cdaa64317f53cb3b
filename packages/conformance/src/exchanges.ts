/**
 * What went over the wire while a module ran, written so that a report may be pasted into an issue.
 *
 * It owns the shape, the bounds and what is kept of a message. Which words are secret is redaction.ts; who listens is target.ts.
 */
import type { Redactor } from './redaction.ts'

/** One request and its answer, redacted and bounded. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly requestBody: string
  /** 0 when no answer came. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The same before it was redacted. Never leaves the process. */
export interface RawExchange extends Omit<Exchange, 'headers'> {
  readonly headers: Headers | undefined
}

const MOST_EXCHANGES = 40
const MOST_CHARACTERS = 4096

/** What tells something about behaviour; the rest is noise of servers and proxies. */
const TOLD = new Set([
  'accept',
  'accept-language',
  'access-control-allow-origin',
  'allow',
  'authorization',
  'cache-control',
  'content-security-policy',
  'content-type',
  'cookie',
  'dpop',
  'dpop-nonce',
  'location',
  'origin',
  'pragma',
  'referrer-policy',
  'retry-after',
  'set-cookie',
  'vary',
  'www-authenticate',
  'x-frame-options',
  'x-ms-diagnostics',
])

/** Control characters but for line ends and tabs: no terminal, XML or HTML has a use for them. */
const CONTROL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** Bounded and printable. Call it on what is already redacted: a secret cut in two is a secret that no one finds. */
export function shorten(text: string, most = MOST_CHARACTERS): string {
  const shown = text.replaceAll(CONTROL, '\ufffd')
  return shown.length > most ? `${shown.slice(0, most)}\n[${shown.length - most} more characters]` : shown
}

function tellHeaders(redactor: Redactor, given: Iterable<readonly [string, string]>): Readonly<Record<string, string>> {
  const told = [...given].filter(([name]) => TOLD.has(name))
  return Object.fromEntries(told.map(([name, value]) => [name, shorten(redactor.header(name, value))]))
}

/** Writes an exchange for a report. The redactor must have learnt from all exchanges that the report will hold. */
const tellExchange = (redactor: Redactor, raw: RawExchange): Exchange =>
  Object.freeze({
    method: raw.method,
    url: shorten(redactor.redact(raw.url)),
    requestHeaders: tellHeaders(redactor, Object.entries(raw.requestHeaders)),
    requestBody: shorten(redactor.redact(raw.requestBody)),
    status: raw.status,
    headers: tellHeaders(redactor, raw.headers ?? []),
    body: shorten(redactor.redact(raw.body)),
  })

/** Keeps the first {@link MOST_EXCHANGES}; more say no more. All of them are learnt from. */
export function createRecorder(redactor: Redactor) {
  const kept: RawExchange[] = []
  let omitted = 0
  return {
    hear(raw: RawExchange): void {
      redactor.learn(raw)
      if (kept.length < MOST_EXCHANGES) kept.push(raw)
      else omitted += 1
    },
    /** Call it after the module has ended: only then is all known that must not be told. */
    tell: (): { readonly exchanges: readonly Exchange[]; readonly omitted: number } =>
      Object.freeze({ exchanges: Object.freeze(kept.map((raw) => tellExchange(redactor, raw))), omitted }),
  }
}
