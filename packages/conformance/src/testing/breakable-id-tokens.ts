/** How the kit's own client judges an ID token, each check of it to be left out. */
import { createHash, createHmac, createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import type { ClientFault } from './client-faults.ts'

export interface Expected {
  readonly issuer: string
  readonly clientId: string
  readonly nonce: string | undefined
  readonly accessToken: string
  /** Seconds since 1970. */
  readonly now: number
  readonly keys: readonly JsonWebKey[]
}

type Claims = Readonly<Record<string, unknown>>

const read = (part: string): Claims => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))

function isSigned(idToken: string, { keys, clientId }: Expected, lacks: (fault: ClientFault) => boolean): boolean {
  const [head = '', payload = '', signature = ''] = idToken.split('.')
  const { alg, kid } = read(head)
  const input = `${head}.${payload}`
  if (alg === 'none') return lacks('believes-unsigned-id-tokens')
  if (alg === 'HS256')
    return lacks('signs-by-names') && createHmac('sha256', clientId).update(input).digest('base64url') === signature
  const key = keys.find((one) => one.kid === kid)
  if (alg !== 'RS256' || key === undefined) return false
  if (lacks('checks-no-signature')) return true
  return verify('sha256', Buffer.from(input), createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'))
}

/** OpenID Connect Core section 3.1.3.7. */
export function judgeIdToken(idToken: string, expected: Expected, lacks: (fault: ClientFault) => boolean): boolean {
  const { iss, aud, azp, exp, nonce, at_hash: hash } = read(idToken.split('.')[1] ?? '')
  const audiences = [aud].flat()
  const atHash = createHash('sha256').update(expected.accessToken).digest().subarray(0, 16).toString('base64url')
  const checks: readonly (readonly [ClientFault, boolean])[] = [
    ['checks-no-issuer-of-id-tokens', iss === expected.issuer],
    ['checks-no-audience', audiences.includes(expected.clientId)],
    ['checks-no-authorized-party', azp === undefined ? audiences.length === 1 : azp === expected.clientId],
    ['checks-no-end', Number(exp) > expected.now],
    ['checks-no-nonce', nonce === expected.nonce],
    ['checks-no-access-token-hash', hash === undefined || hash === atHash],
  ]
  return isSigned(idToken, expected, lacks) && checks.every(([fault, holds]) => holds || lacks(fault))
}
