/**
 * Takes tokens apart for people who watch: what kind each one is, its header, its claims, and a signature too short to be of use.
 *
 * It checks nothing: what a token says is shown as it is, true or not. Tokens inside tokens are shown as well. It keeps the names
 * that it gave, so that a token is called the same wherever it turns up again.
 */

/** A token in the compact form (RFC 7515 section 3.1), wherever it stands in a text. The third part may be empty (`alg: none`). */
const TOKEN = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g

/** The issuer's own principal in server-to-server trust ([MS-XOAUTH]). */
const ISSUER_PRINCIPAL = '00000001-0000-0000-c000-000000000000'

export type ShownToken = Readonly<{
  header: Readonly<Record<string, unknown>>
  /** In their order; times also as people write them. */
  claims: readonly (readonly [name: string, value: string])[]
  signature: string
  /** The actor token of a user token. */
  inner?: ShownToken
}>

export type TokenNames = Readonly<{
  /** The text with each token replaced by its name: it shows that one was there, and is of no use to anybody. */
  shorten: (text: string) => string
  /** What the tokens of a text are called, in order. */
  namesIn: (text: string) => readonly string[]
  /** The tokens of a text that were not asked for before, in order. */
  fresh: (text: string) => readonly Readonly<{ name: string; token: ShownToken }>[]
}>

export function createTokenNames(): TokenNames {
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  const shown = new Set<string>()
  const nameOf = (token: string): string => {
    const known = names.get(token)
    if (known !== undefined) return known
    const kind = kindOf(token)
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    const name = `${kind} ${count}`
    names.set(token, name)
    return name
  }
  return Object.freeze({
    shorten: (text: string) => text.replace(TOKEN, (token) => `[${nameOf(token)}]`),
    namesIn: (text: string) => Object.freeze((text.match(TOKEN) ?? []).map(nameOf)),
    fresh: (text: string) =>
      (text.match(TOKEN) ?? []).flatMap((token) => {
        const parts = shown.has(token) ? undefined : showToken(token)
        shown.add(token)
        return parts === undefined ? [] : [{ name: nameOf(token), token: parts }]
      }),
  })
}

/** Undefined: it is no token. */
export function showToken(token: string): ShownToken | undefined {
  const parsed = parseToken(token)
  if (parsed === undefined) return undefined
  const { header, payload, signature } = parsed
  const { actortoken, ...claims } = payload
  const inner = typeof actortoken === 'string' ? showToken(actortoken) : undefined
  return Object.freeze({
    header,
    claims: Object.freeze([
      ...Object.entries(claims).map(([name, value]) => [name, showClaim(name, value)] as const),
      ...(actortoken === undefined ? [] : [['actortoken', inner === undefined ? '(unreadable)' : '(below)'] as const]),
    ]),
    signature: signature === '' ? '(none)' : `${signature.slice(0, 12)}... (${Buffer.from(signature, 'base64url').length} bytes)`,
    ...(inner === undefined ? {} : { inner }),
  })
}

/** What people call it. Guessed from what it says. */
function kindOf(token: string): string {
  const nothing: Json = {}
  const { header, payload } = parseToken(token) ?? { header: nothing, payload: nothing }
  if (header.typ === 'rt+jwt') return 'refresh token'
  if (header.typ === 'client-authentication+jwt') return 'client assertion'
  if ('actortoken' in payload) return 'user token'
  const { iss, aud } = payload
  if (typeof iss === 'string' && iss.startsWith(ISSUER_PRINCIPAL)) return 'actor token'
  if (typeof aud === 'string' && aud.startsWith(ISSUER_PRINCIPAL)) return 'assertion'
  return 'access token'
}

const TIMES: readonly string[] = ['exp', 'nbf', 'iat', 'auth_time']

function showClaim(name: string, value: unknown): string {
  const seconds = TIMES.includes(name) && /^\d{9,11}$/.test(String(value)) ? Number(value) : undefined
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replace(TOKEN, '[token]')
  return seconds === undefined ? text : `${text}  (${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC)`
}

type Parsed = Readonly<{ header: Json; payload: Json; signature: string }>
type Json = Readonly<Record<string, unknown>>

function parseToken(token: string): Parsed | undefined {
  const [first = '', second = '', signature = ''] = token.split('.')
  const [header, payload] = [parseObject(first), parseObject(second)]
  return header === undefined || payload === undefined ? undefined : { header, payload, signature }
}

function parseObject(part: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined // an object that is no array has string keys
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}
