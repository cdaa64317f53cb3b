/**
 * sasl reads the initial responses of XOAUTH2 and OAUTHBEARER (RFC 7628), and writes the error challenge that answers them.
 *
 * It owns the two byte formats. It does not validate the token (validator.ts) and does not decide whether the token's owner may
 * open the mailbox in `user`, which is an authorization identity and may be somebody else's.
 * @module
 */
import { SaslError, type TokenErrorCode } from './errors.ts'

export type SaslMechanism = 'XOAUTH2' | 'OAUTHBEARER'

export type SaslResponse = Readonly<{
  mechanism: SaslMechanism
  /** The mailbox that is asked for. */
  user: string
  token: string
  /** As the client wrote it; not to be trusted. */
  host?: string
  port?: number
}>

/** In base64 characters: the longest token and room for the rest. */
const longest = 16_384

const malformed = (): SaslError => new SaslError('response_malformed')

/** Strict base64 with padding (RFC 4648 section 4), one spelling for each value, then strict UTF-8. */
function decode(response: string): string {
  if (response.length > longest) throw new SaslError('response_too_large')
  const bytes = Buffer.from(response, 'base64')
  if (bytes.toString('base64') !== response) throw malformed()
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed()
  }
}

/** `name=value` fields with 0x01 after each, and one more 0x01 at the end. */
function readFields(text: string): ReadonlyMap<string, string> {
  if (!text.endsWith('\x01\x01')) throw malformed()
  const fields = new Map<string, string>()
  for (const field of text.slice(0, -2).split('\x01')) {
    const equals = field.indexOf('=')
    const name = field.slice(0, equals)
    if (equals < 1 || !/^[A-Za-z]+$/.test(name) || fields.has(name)) throw malformed()
    fields.set(name, field.slice(equals + 1))
  }
  return fields
}

function readToken(auth: string | undefined): string {
  if (auth === undefined || auth === '') throw new SaslError('token_missing')
  const found = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(auth)
  if (found?.[1] !== undefined) return found[1]
  throw /^bearer *$/i.test(auth) ? new SaslError('token_missing') : malformed()
}

function requireUser(user: string | undefined): string {
  if (user === undefined || user === '') throw new SaslError('user_missing')
  if (user.length > 320 || /[\x00-\x1f\x7f]/.test(user)) throw malformed()
  return user
}

function parseXoauth2(text: string): SaslResponse {
  const fields = readFields(text)
  for (const name of fields.keys()) if (name !== 'user' && name !== 'auth') throw malformed()
  return Object.freeze({ mechanism: 'XOAUTH2', user: requireUser(fields.get('user')), token: readToken(fields.get('auth')) })
}

/** `=2C` and `=3D` stand for comma and equals sign; no other `=` may occur (RFC 5801 section 4). */
function unescapeName(name: string): string {
  if (/=(?!2C|3D)/.test(name)) throw malformed()
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

function parseOauthbearer(text: string): SaslResponse {
  const found = /^([^,\x01]*),([^,\x01]*),\x01/.exec(text)
  if (found === null) throw malformed()
  const [header, binding = '', name = ''] = found
  if (/^p=/.test(binding)) throw new SaslError('channel_binding_unsupported')
  if (!/^[ny]$/.test(binding) || (name !== '' && !name.startsWith('a='))) throw malformed()
  const user = requireUser(name === '' ? undefined : unescapeName(name.slice(2)))
  const rest = text.slice(header.length)
  if (rest === '\x01') throw new SaslError('token_missing')
  const fields = readFields(rest) // RFC 7628 section 3.1: unknown names are ignored
  const host = fields.get('host')
  const port = fields.get('port')
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw malformed()
  return Object.freeze({
    mechanism: 'OAUTHBEARER',
    user,
    token: readToken(fields.get('auth')),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
  })
}

/**
 * Reads the initial response of a SASL exchange, base64 as it came over IMAP, SMTP or POP.
 *
 * Checks the form only. Validate `token`, then decide whether its owner may open `user`.
 * @throws {SaslError} `token_missing` is the question of a client that looks for the issuer: answer with {@link saslErrorChallenge}
 */
export function parseSasl(mechanism: SaslMechanism, initialResponse: string): SaslResponse {
  const text = decode(initialResponse)
  return mechanism === 'XOAUTH2' ? parseXoauth2(text) : parseOauthbearer(text)
}

export type SaslErrorChallengeOptions = Readonly<{
  /** Default `invalid_token`; a SaslError means `invalid_request`. */
  error?: 'invalid_token' | 'insufficient_scope' | 'invalid_request'
  /** Scopes to ask for, separated by spaces. */
  scope?: string
  /** URL of the issuer's metadata document. */
  openidConfiguration?: string
}>

const xoauth2Status = { invalid_token: '401', insufficient_scope: '403', invalid_request: '400' } as const

/** The word of RFC 7628 for a refused token. */
export const saslErrorFor = (code: TokenErrorCode): 'invalid_token' | 'insufficient_scope' =>
  code === 'insufficient_scope' || code === 'user_required' ? 'insufficient_scope' : 'invalid_token'

/**
 * The base64 challenge that a server sends before it fails the exchange (RFC 7628 section 3.2.2; XOAUTH2 has the status as an
 * HTTP number in a string). The client answers with an empty line or 0x01, then comes the final error.
 */
export function saslErrorChallenge(mechanism: SaslMechanism, options: SaslErrorChallengeOptions = {}): string {
  const error = options.error ?? 'invalid_token'
  // JSON leaves out what is undefined.
  const common = { 'openid-configuration': options.openidConfiguration }
  const document =
    mechanism === 'XOAUTH2'
      ? { status: xoauth2Status[error], schemes: 'bearer', scope: options.scope ?? 'mail', ...common }
      : { status: error, scope: options.scope, ...common }
  return Buffer.from(JSON.stringify(document)).toString('base64')
}
