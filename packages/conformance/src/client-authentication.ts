/** How a known client proves who it is: the fields and headers of a form post, by the method that it is registered for. Pure but for chance. */
import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import { ConformanceError } from './errors.ts'
import type { ClientAuthentication, KnownClient } from './known-parties.ts'

/** What a request carries for its client. */
export interface ClientProof {
  readonly form: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
}

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The method that a client uses when nothing else is said: the strongest that it has the means for. */
export function authenticationOf(client: KnownClient): ClientAuthentication {
  if (client.authentication !== undefined) return client.authentication
  if (client.privateKey !== undefined) return 'private_key_jwt'
  return client.secret === undefined ? 'none' : 'client_secret_basic'
}

/** RFC 6749 section 2.3.1 and appendix B: form-encoded before it is joined and written in base64. */
function basicHeader(clientId: string, secret: string): string {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(secret)}`).toString('base64')}`
}

function readKey(client: KnownClient): KeyObject {
  try {
    return createPrivateKey(client.privateKey ?? '')
  } catch (cause) {
    throw new ConformanceError('target_invalid', `the private key of client ${client.clientId} must be PEM`, { cause })
  }
}

function algorithmOf(key: KeyObject): 'RS256' | 'ES256' | 'EdDSA' {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new ConformanceError('target_invalid', 'a client signs by RSA, P-256 or Ed25519')
}

/**
 * A signed statement of a client about itself (RFC 7523 section 3), good for a minute, with a fresh `jti`.
 *
 * @param options.audience who is to believe it; the issuer's identifier (RFC 7523bis).
 * @param options.now seconds.
 * @param options.claims @param options.header replace or add; `undefined` leaves one out.
 */
export function signClientAssertion(
  client: KnownClient,
  options: {
    readonly audience: string
    readonly now: number
    readonly claims?: Readonly<Record<string, unknown>>
    readonly header?: Readonly<Record<string, unknown>>
  },
): string {
  const key = readKey(client)
  const header = {
    alg: algorithmOf(key),
    typ: 'client-authentication+jwt',
    ...(client.keyId !== undefined && { kid: client.keyId }),
    ...options.header,
  }
  const claims = {
    iss: client.clientId,
    sub: client.clientId,
    aud: options.audience,
    iat: options.now,
    exp: options.now + 60,
    jti: randomUUID(),
    ...options.claims,
  }
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const signature = sign(digest, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

/**
 * @param options as in {@link signClientAssertion}; looked at only by clients that sign.
 * @throws {ConformanceError} `target_invalid` when the client lacks the secret or key of its method.
 */
export function proveClient(client: KnownClient, options: { readonly audience: string; readonly now: number }): ClientProof {
  const method = authenticationOf(client)
  if (method === 'none') return { form: [['client_id', client.clientId]], headers: {} }
  if (method === 'private_key_jwt')
    return {
      form: [
        ['client_id', client.clientId],
        ['client_assertion_type', ASSERTION_TYPE],
        ['client_assertion', signClientAssertion(client, options)],
      ],
      headers: {},
    }
  const { secret } = client
  if (secret === undefined) throw new ConformanceError('target_invalid', `client ${client.clientId} has no secret for ${method}`)
  if (method === 'client_secret_basic') return { form: [], headers: { authorization: basicHeader(client.clientId, secret) } }
  return {
    form: [
      ['client_id', client.clientId],
      ['client_secret', secret],
    ],
    headers: {},
  }
}
