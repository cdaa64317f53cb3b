/**
 * basic-credentials reads `Authorization: Basic` of apps strictly (RFC 7617): one spelling, UTF-8, no control characters, bounded. It
 * writes our own for the token service.
 *
 * Pure. It does not look at the name or the secret beyond that, and keeps nothing.
 * @module
 */

export type BasicCredentials = Readonly<{ name: string; secret: string }>

/** Of the whole header value, and of what is in it, in characters. */
const longestValue = 4096
const longestName = 320
const longestSecret = 1024

const scheme = /^basic +/i
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** True if the value speaks of the `Basic` scheme, well-formed or not. */
export const isBasic = (authorization: string): boolean => /^basic(?:[ \t]|$)/i.test(authorization)

function decode(encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return undefined // stray bits, or what is no base64: a second spelling of the same bytes
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined // not UTF-8; RFC 7617 section 2.1, and the challenge says so
  }
}

/**
 * The name before the first colon and the secret behind it, which may hold further colons. Undefined if the value is not exactly that,
 * if one of them is empty, or if one holds a control character (RFC 7617 section 2 forbids them; here those beyond ASCII too).
 */
export function readBasicCredentials(authorization: string): BasicCredentials | undefined {
  if (authorization.length > longestValue) return undefined
  const found = scheme.exec(authorization)
  const text = found === null ? undefined : decode(authorization.slice(found[0].length))
  if (text === undefined || /\p{Cc}/u.test(text)) return undefined
  const colon = text.indexOf(':')
  const name = text.slice(0, Math.max(colon, 0))
  const secret = text.slice(colon + 1)
  if (name === '' || secret === '' || name.length > longestName || secret.length > longestSecret) return undefined
  return Object.freeze({ name, secret })
}

/** The value by which a client proves itself to the token service (RFC 6749 section 2.3.1: both are percent-encoded first). */
export const basicAuthorization = (clientId: string, clientSecret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`
