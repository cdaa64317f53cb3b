/**
 * challenge-parser reads `WWW-Authenticate` values of any server, hostile ones included, in one pass.
 *
 * It owns the grammar of RFC 9110 section 11.6.1, and is lenient in one point: an unquoted value may hold any visible
 * character but a comma, a quote and a backslash, because servers send bare URLs. What the parameters mean, discovery.ts knows.
 * @module
 */
import { ChallengeError } from './errors.ts'

export type Challenge = Readonly<{
  /** In lower case. */
  scheme: string
  /** The single value of schemes like Negotiate; then there are no parameters. */
  token68?: string
  /** Names in lower case, quotes removed. */
  parameters: ReadonlyMap<string, string>
}>

/** Longest value that is read, in characters; servers' own header limits are lower. */
const longest = 65_536

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const token68 = /[A-Za-z0-9._~+/-]+=*/y
const bareValue = /[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+/y
const quotedText = /[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]+/y

class Reader {
  at = 0
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  get done(): boolean {
    return this.at >= this.text.length
  }
  peek(): string {
    return this.text.charAt(this.at)
  }
  fail(): never {
    throw new ChallengeError('challenge_malformed', this.at)
  }
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }
  /** Skips spaces and tabs; true if there were any. */
  skipSpace(): boolean {
    const from = this.at
    while (this.peek() === ' ' || this.peek() === '\t') this.at += 1
    return this.at > from
  }
  /** Skips a list separator with empty elements (RFC 9110 section 5.6.1). */
  skipCommas(): void {
    this.skipSpace()
    while (this.peek() === ',') {
      this.at += 1
      this.skipSpace()
    }
  }
  /** True if a list element may end here. */
  get atElementEnd(): boolean {
    return this.done || this.peek() === ','
  }
}

function readQuoted(reader: Reader): string {
  reader.at += 1 // the opening quote
  let value = ''
  for (;;) {
    value += reader.take(quotedText) ?? ''
    const next = reader.peek()
    if (next === '"') break
    if (next !== '\\') reader.fail()
    const escaped = reader.text.charAt(reader.at + 1)
    if (!/[\t\x20-\x7e\x80-\xff]/.test(escaped)) reader.fail()
    value += escaped
    reader.at += 2
  }
  reader.at += 1
  return value
}

/** Reads `name = value` if there is one here; leaves the reader untouched if not. */
function readParameter(reader: Reader): readonly [name: string, value: string] | undefined {
  const start = reader.at
  const name = reader.take(token)
  if (name === undefined) return undefined
  reader.skipSpace()
  if (reader.peek() !== '=') {
    reader.at = start
    return undefined
  }
  reader.at += 1
  reader.skipSpace()
  const value = reader.peek() === '"' ? readQuoted(reader) : reader.take(bareValue)
  if (value === undefined) reader.fail()
  return [name.toLowerCase(), value]
}

function readToken68(reader: Reader): string | undefined {
  const start = reader.at
  const found = reader.take(token68)
  reader.skipSpace()
  if (found !== undefined && reader.atElementEnd) return found
  reader.at = start
  return undefined
}

function readChallenge(reader: Reader): Challenge {
  const scheme = reader.take(token)?.toLowerCase()
  if (scheme === undefined) reader.fail()
  const parameters = new Map<string, string>()
  const spaced = reader.skipSpace()
  if (!spaced || reader.atElementEnd) {
    if (!reader.atElementEnd) reader.fail()
    reader.skipCommas()
    return Object.freeze({ scheme, parameters })
  }
  const single = readToken68(reader)
  if (single !== undefined) {
    reader.skipCommas()
    return Object.freeze({ scheme, token68: single, parameters })
  }
  for (let first = true; ; first = false) {
    const start = reader.at
    const parameter = readParameter(reader)
    if (parameter === undefined) {
      if (first) reader.fail()
      break // the next scheme begins here
    }
    if (parameters.has(parameter[0])) throw new ChallengeError('parameter_repeated', start)
    parameters.set(...parameter)
    reader.skipSpace()
    if (!reader.atElementEnd) reader.fail()
    reader.skipCommas()
    if (reader.done) break
  }
  return Object.freeze({ scheme, parameters })
}

/**
 * Reads the challenges of one `WWW-Authenticate` value, or of several lines in their order (RFC 9110 section 11.6.1). One value may
 * hold several schemes, commas within quotes, and empty list elements. Time is linear in the length.
 *
 * Does NOT judge the parameters, and does not decode `claims`.
 * @throws {ChallengeError} and nothing else: malformed, longer than 64 Ki characters, or a parameter given twice
 */
export function parseChallenges(
  headerValue: string | readonly string[],
  limits: { longest?: number } = {},
): readonly Challenge[] {
  const lines = typeof headerValue === 'string' ? [headerValue] : headerValue
  const found: Challenge[] = []
  let length = 0
  for (const line of lines) {
    length += line.length
    if (length > (limits.longest ?? longest)) throw new ChallengeError('challenge_too_large', limits.longest ?? longest)
    const reader = new Reader(line)
    reader.skipCommas()
    while (!reader.done) found.push(readChallenge(reader))
  }
  return Object.freeze(found)
}
