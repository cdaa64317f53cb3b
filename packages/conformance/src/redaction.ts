/**
 * Keeps tokens, codes, passwords and secrets out of reports.
 *
 * It owns what counts as secret: what the developer gave as one, and every value that was once seen where secrets stand
 * (a field `code`, a header `Authorization`, a cookie). A value learnt in one place is struck out in every place.
 * `state` and `nonce` stay: they guard a flow that is over, and reading a report needs them.
 */
import type { RawExchange } from './exchanges.ts'

export interface Redactor {
  /** Remembers the secrets of an exchange. */
  learn(exchange: RawExchange): void
  /** Strikes out every secret that is known by now. */
  redact(text: string): string
  /** The same for the value of a header, of which some are secret as a whole. */
  header(name: string, value: string): string
}

const STRUCK = '[redacted]'
const LEAST = 6
/** Each costs a search through every text. A flood of them is struck out word by word instead: too much rather than too little. */
const MOST_OTHERS = 1000

const SECRET_NAME =
  /(^|[_.\-\s])(code|otp|totp|token|pin|secret|password|passwd|pass|pwd|passcode|assertion|verifier|csrf|jwt|ticket|hint)$|^(auth_req_id|request|cookie)$/i
const CAMEL = /(?<=[a-z0-9])(?=[A-Z])/g
const PLAIN_NAMES = new Set(['login_hint', 'logout_hint', 'domain_hint', 'error_code', 'status_code'])

const isSecretName = (name: string): boolean => {
  const plain = name.trim().replaceAll(CAMEL, '_').toLowerCase()
  return SECRET_NAME.test(plain) && !PLAIN_NAMES.has(plain)
}

/** Words of the protocols that turn up where secrets stand (`token=access_token`, `{"code":"not_found"}`). */
const PROTOCOL_WORD =
  /^[a-z]+(_[a-z]+)+$|^(bearer|basic|dpop|negotiate|password|authorization|required|undefined|current-password)$/i

/** What may be a compact JWS or JWE, or two parts of one. It begins where a word does, so no run is read twice. */
const COMPACT = /(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))eyJ[A-Za-z0-9_-]{13,}(?:\.[A-Za-z0-9_-]*){1,4}/g
const LEAST_PART = 8

const hasLongPart = (compact: string): boolean => compact.split('.').some((part, at) => at > 0 && part.length >= LEAST_PART)
const strikeTokens = (text: string): string => text.replaceAll(COMPACT, (found) => (hasLongPart(found) ? '[token]' : found))

/** Words as redaction sees them: what base64url, numbers and codes are made of. Escapes stand alone, or `%3Dabc` would hide `abc`. */
const WORD = /%[0-9A-Fa-f]{2}|\\(?:u[0-9A-Fa-f]{4}|[bfnrt"\\/])|[A-Za-z0-9_-]+/g
const ONE_WORD = /^[A-Za-z0-9_-]+$/
/** What tests send in place of a secret (`Bearer garbage`): to strike it out would blacken the report. */
const PLAIN_WORD = /^[a-z-]{1,15}$/

const htmlDecoded = (text: string): string =>
  text
    .replaceAll(/&#(\d{1,6});/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll(/&#x([0-9a-f]{1,5});/gi, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 16)))
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

const htmlEncoded = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Every way of writing a secret that we know to look for. */
function spellingsOf(secret: string): readonly string[] {
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const json = JSON.stringify(secret).slice(1, -1)
  const html = htmlEncoded(secret)
  let percent = form
  try {
    percent = encodeURIComponent(secret)
  } catch {
    // half a surrogate pair has no percent-encoding of its own; the form has one
  }
  const written = [
    secret,
    form,
    percent,
    json,
    html,
    html.replaceAll("'", '&#39;'),
    html.replaceAll("'", '&#x27;'),
    htmlEncoded(json),
  ]
  return [...new Set(written)]
}

/**
 * How a secret looks in base64, base64url and hex, wherever it stands in what was encoded: for each of the three ways to lie in
 * groups of three bytes the letters that it alone decides.
 */
function encodingsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return text.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3))
  })
  const hex = bytes.toString('hex')
  const all = [bytes.toString('base64'), bytes.toString('base64url'), ...inside, ...inside.map(urlSafe), hex, hex.toUpperCase()]
  return [...new Set(all)].filter((one) => one.length >= LEAST)
}

const urlSafe = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_')

/** The pairs of `a=b&c=d` anywhere in a text: addresses, forms, fragments and addresses inside pages. */
function* pairsOf(text: string): Generator<readonly [string, string]> {
  for (const [, name = '', value = ''] of text.matchAll(/(?:^|[?&#;\s"'])([A-Za-z0-9_.%-]{1,64})=([^&#\s"'<>;]+)/g))
    yield [name, value]
}

/** Names and values of form fields in a page, in either order of their attributes. */
function* fieldsOf(html: string): Generator<readonly [string, string]> {
  for (const [tag] of html.matchAll(/<(?:input|button|meta)\b[^<>]*>/gi)) {
    const attribute = (name: string) => new RegExp(`\\s${name}\\s*=\\s*("([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag)
    const [name, value] = [attribute('name'), attribute('(?:value|content)')]
    if (name && value) yield [name[2] ?? name[3] ?? name[4] ?? '', htmlDecoded(value[2] ?? value[3] ?? value[4] ?? '')]
  }
}

/** Without recursion: a value may be nested as deeply as its sender likes. */
function* membersOf(value: unknown): Generator<readonly [string, string]> {
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null) continue
    for (const [name, member] of Object.entries(next))
      if (typeof member === 'string') yield [name, member]
      else left.push(member)
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @param given what the developer named as secret; shorter than four characters is not looked for: it would blacken everything. */
export function createRedactor(given: readonly string[]): Redactor {
  /** Secrets of one word, found by looking words up; the others are searched for one by one and are few. */
  const words = new Set<string>()
  const others = new Set<string>()

  const remember = (secret: string, least = LEAST) => {
    if (secret.length < least) return
    // A token is found by its form wherever it stands whole; its parts are words.
    if (strikeTokens(secret) === '[token]') {
      for (const part of secret.split('.')) if (part.length >= LEAST) words.add(part)
      return
    }
    for (const spelling of spellingsOf(secret))
      if (ONE_WORD.test(spelling)) words.add(spelling)
      else if (others.size < MOST_OTHERS) others.add(spelling)
      else for (const part of spelling.match(WORD) ?? []) if (part.length >= LEAST) words.add(part)
  }
  const learnValue = (value: string) => {
    if (!PLAIN_WORD.test(value) && !PROTOCOL_WORD.test(value)) remember(value)
  }
  const learnNamed = (pairs: Iterable<readonly [string, string]>) => {
    for (const [name, value] of pairs) if (isSecretName(decoded(name)) && !PROTOCOL_WORD.test(value)) learnBoth(value)
  }
  const learnBoth = (value: string) => {
    learnValue(value)
    learnValue(decoded(value))
  }
  const learnText = (text: string) => {
    if (text === '') return
    learnNamed(pairsOf(text))
    learnNamed(fieldsOf(text))
    learnNamed(pairsOf(htmlDecoded(text)))
    learnNamed(membersOf(parsed(text)))
  }
  /** Who echoes a request may do so in an encoding of the whole: its words are as secret as the password in it. */
  const learnWhole = (body: string) => {
    const bytes = Buffer.from(body)
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      for (const part of bytes.toString(encoding).match(WORD) ?? []) if (part.length >= LEAST) words.add(part)
  }
  const learnAuthorization = (value: string) => {
    const [, scheme = '', credentials = ''] = /^\s*(\S+)\s+(.*)$/s.exec(value) ?? []
    if (credentials === '') return learnValue(value.trim())
    learnValue(credentials)
    if (scheme.toLowerCase() !== 'basic') return
    const [, password = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString('utf8')) ?? []
    learnBoth(password)
  }
  const learnHeader = (name: string, value: string) => {
    if (name === 'authorization') learnAuthorization(value)
    else if (name === 'dpop') remember(value)
    else if (name === 'cookie') for (const part of value.split(';')) learnValue(part.replace(/^[^=]*=/, '').trim())
    else if (name === 'set-cookie') learnValue(value.replace(/^[^=]*=/, '').replace(/;.*$/s, ''))
    else learnText(value)
  }

  let sorted: readonly string[] = []
  /** One spelling may begin with another (`a&` and `a&amp;`): the longer is struck out first, or its end would stay. */
  const longestFirst = (): readonly string[] => {
    if (sorted.length !== others.size) sorted = [...others].toSorted((one, other) => other.length - one.length)
    return sorted
  }

  const redact = (text: string): string => {
    let shown = strikeTokens(text)
    for (const secret of longestFirst()) shown = shown.replaceAll(secret, STRUCK)
    return shown.replaceAll(WORD, (word) => (words.has(word) ? STRUCK : word))
  }

  for (const secret of given) {
    remember(secret, 4)
    for (const encoded of encodingsOf(secret)) others.add(encoded)
  }
  return Object.freeze({
    learn: ({ url, requestHeaders, requestBody, headers, body }) => {
      learnText(url)
      learnText(requestBody)
      learnWhole(requestBody)
      learnText(body)
      for (const [name, value] of Object.entries(requestHeaders)) learnHeader(name.toLowerCase(), value)
      for (const [name, value] of headers ?? []) learnHeader(name, value)
    },
    redact,
    header: (name, value) => {
      if (name === 'authorization') return value.replace(/^\s*(\S+)\s+.*$/s, `$1 ${STRUCK}`).replace(/^\S+$/, STRUCK)
      if (name === 'dpop') return STRUCK
      if (name === 'cookie') return value.replaceAll(/([^=;\s]+)=[^;]*/g, `$1=${STRUCK}`)
      if (name === 'set-cookie') return value.replace(/^([^=]*)=[^;]*/, `$1=${STRUCK}`)
      return redact(value)
    },
  } satisfies Redactor)
}
