/**
 * One HTTP exchange as lines for a terminal: request, answer, the headers that matter, shortened bodies, decoded tokens.
 *
 * It owns what is left out. Tokens are never shown whole, so nothing that is on the screen can be used. It keeps only the names
 * that tokens were given, so that each is taken apart once, below the message that holds it first.
 */
import type { Screen } from './screen.ts'
import { createTokenNames, type ShownToken } from './show-token.ts'
import type { Exchange } from './trace.ts'

/** As people write them. */
const HEADERS = ['Authorization', 'Content-Type', 'SOAPAction', 'WWW-Authenticate', 'x-ms-diagnostics', 'Location'] as const
const MOST_BODY_LINES = 26
const INDENT = '   '
const WIDEST_NAME = 24

export type ExchangeView = Readonly<{
  request: (exchange: Exchange) => readonly string[]
  /** @param lines how much of the body is shown at most. */
  answer: (exchange: Exchange, lines?: number) => readonly string[]
  /** On one line, for what is known from before: `FolderSync, with access token 3: 200 OK`. */
  brief: (exchange: Exchange) => readonly string[]
  /** What the tokens of a text are called, in order. */
  tokensIn: (text: string) => readonly string[]
}>

export function createExchangeView(screen: Screen): ExchangeView {
  const { shorten, namesIn, fresh } = createTokenNames()

  const outcome = (status: number): string =>
    screen.paint(status < 400 ? 'good' : 'bad', `${status} ${REASONS[status] ?? ''}`.trim())

  const headerLines = (headers: Readonly<Record<string, string>>): readonly string[] =>
    HEADERS.flatMap((name) => {
      const value = headers[name.toLowerCase()]
      if (value === undefined) return []
      return screen.wrap(`${name}: ${shorten(value)}`, { indent: INDENT, hanging: `${INDENT}    ` })
    })

  function bodyLines(body: string, type: string | undefined, most = MOST_BODY_LINES): readonly string[] {
    const lines = readable(shorten(body), type ?? '')
    const shown = lines.slice(0, most)
    const more = lines.length - shown.length
    return [
      ...shown.map((line) => screen.paint('quiet', cut(`${INDENT}| ${line}`, screen.width))),
      ...(more === 0 ? [] : [screen.paint('quiet', `${INDENT}| ... ${more} more lines`)]),
    ]
  }

  const tokenLines = (...texts: readonly string[]): readonly string[] =>
    texts.flatMap(fresh).flatMap(({ name, token }) => ['', ...renderToken(token, screen, `${name}, decoded`, INDENT)])

  return Object.freeze({
    request: ({ method, url, requestHeaders, requestBody }: Exchange) => [
      ...screen.wrap(`${method} ${url}`, { indent: INDENT, hanging: `${INDENT}    `, tone: 'strong' }),
      ...headerLines(requestHeaders),
      ...bodyLines(requestBody, requestHeaders['content-type']),
      ...tokenLines(requestHeaders.authorization ?? '', requestBody),
    ],
    answer: ({ status, responseHeaders, responseBody }: Exchange, lines?: number) => [
      `${INDENT}${outcome(status)}`,
      ...headerLines(responseHeaders),
      ...bodyLines(responseBody, responseHeaders['content-type'], lines),
      ...tokenLines(responseBody),
    ],
    brief: ({ method, url, requestHeaders, status }: Exchange) => {
      const { pathname, searchParams } = new URL(url)
      const [token] = namesIn(requestHeaders.authorization ?? '')
      const what = `${searchParams.get('Cmd') ?? `${method} ${pathname}`}${token === undefined ? '' : `, with ${token}`}: `
      const [last = '', ...before] = screen.wrap(what, { indent: INDENT }).toReversed()
      return [...before.toReversed(), `${last} ${outcome(status)}`]
    },
    tokensIn: namesIn,
  })
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'Internal Server Error',
}

const cut = (line: string, width: number): string => (line.length <= width ? line : `${line.slice(0, width - 3)}...`)

/** The body in lines: forms by field, JSON by member, XML by element. */
function readable(body: string, type: string): readonly string[] {
  if (body === '') return []
  if (type.includes('urlencoded')) return [...new URLSearchParams(body)].map(([name, value]) => `${name}=${value}`)
  if (type.includes('json')) {
    try {
      return JSON.stringify(shortenDeep(JSON.parse(body)), null, 2).split('\n')
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
    }
  }
  return type.includes('xml') ? readableXml(body) : body.trimEnd().split('\n')
}

/** Certificates are long, and say nothing to a reader. */
function shortenDeep(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 400 ? `${value.slice(0, 24)}...` : value
  if (Array.isArray(value)) return value.map(shortenDeep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortenDeep(one)]))
}

/** Without the envelope, namespaces and the rules of the time zone, which say nothing here; an element with text on one line. */
function readableXml(text: string): readonly string[] {
  const inside = /<s:Body>([\s\S]*)<\/s:Body>/.exec(text)?.[1] ?? text
  const pieces = inside
    .replace(/ xmlns(?::\w+)?="[^"]*"/g, '')
    .replace(/>\s+</g, '><')
    .replace(/<([\w:]+)><\/\1>/g, '<$1/>')
    .replace(/(<t:TimeZone>)[\s\S]*?(<\/t:TimeZone>)/g, '$1...$2')
    .trim()
    .replace(/></g, '>\n<')
    .split('\n')
  let depth = 0
  return pieces.map((piece) => {
    if (piece.startsWith('</')) depth -= 1
    const line = `${'  '.repeat(Math.max(0, depth))}${piece}`
    if (/^<[^/!?][^>]*[^/]>$/.test(piece) && !piece.includes('</')) depth += 1
    return line
  })
}

function renderToken(token: ShownToken, screen: Screen, title: string, indent: string): readonly string[] {
  const { header, claims, signature, inner } = token
  // Names come from outside: a very long one leaves the column rather than pushing all the others aside.
  const column = Math.min(Math.max(12, ...claims.map(([name]) => name.length)), WIDEST_NAME)
  const row = (name: string, value: string): readonly string[] =>
    screen.wrap(`${name.padEnd(column)} ${value}`, { indent: `${indent}  `, hanging: ' '.repeat(indent.length + column + 3) })
  return [
    `${indent}${screen.paint('title', title)}`,
    ...row(
      'header',
      Object.entries(header)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(', '),
    ),
    ...claims.flatMap(([name, value]) => row(name, value)),
    ...row('signature', signature),
    ...(inner === undefined ? [] : renderToken(inner, screen, 'the actor token inside it', `${indent}  `)),
  ]
}
