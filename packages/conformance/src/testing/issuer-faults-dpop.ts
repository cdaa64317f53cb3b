/** How the breakable issuer judges proofs of possession (RFC 9449 section 4.3), and at what a bound token is taken. */
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import type { Parts, Request } from './issuer-faults-parts.ts'

/** What goes into proofs where the issuer asks for that (RFC 9449 section 8). */
export const NONCE = 'a-nonce-of-the-issuer'

/** The thumbprint of its key; `undefined` where nothing is bound; `wrong`, `nonce` where one is missing, `broken` for a fault of the server. */
export type Bound = { readonly jkt: string } | 'wrong' | 'broken' | 'nonce' | undefined

export async function judgeProof(parts: Parts, request: Request, address: string, token?: string): Promise<Bound> {
  const { has, now, seen } = parts
  const proof = request.headers.dpop
  if (proof === undefined || has('ignores-proofs') || has('takes-anything-for-anything')) return undefined
  if (has('refuses-every-proof')) return 'wrong'
  try {
    const {
      payload,
      key: _,
      protectedHeader,
    } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256'], currentDate: new Date(now() * 1000) })
    const { jwk } = protectedHeader
    if (jwk === undefined || 'd' in jwk || payload.htm !== request.method || payload.htu !== address) return 'wrong'
    if (
      typeof payload.jti !== 'string' ||
      Math.abs(Number(payload.iat ?? 0) - now()) > 300 ||
      (payload.nonce !== undefined && !has('asks-for-nonces'))
    )
      return 'wrong'
    if (has('asks-for-nonces') && payload.nonce !== NONCE) return 'nonce'
    if (token !== undefined && payload.ath !== createHash('sha256').update(token).digest('base64url')) return 'wrong'
    if (seen.has(`proof ${payload.jti}`) && !has('forgets-proofs')) return has('breaks-on-used-proofs') ? 'broken' : 'wrong'
    seen.add(`proof ${payload.jti}`)
    return { jkt: await calculateJwkThumbprint(jwk) }
  } catch {
    return 'wrong'
  }
}

/** Whether a request may use the token that it shows: a bound one with its key, another one as a bearer. */
export async function mayUse(parts: Parts, request: Request, address: string): Promise<string | undefined> {
  const { has, access, now } = parts
  const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ')
  if (has('takes-anything-for-anything')) return token
  const issued = access.get(token)
  if (issued === undefined || !issued.family.isAlive || issued.expiresAt <= now()) return undefined
  if (has('takes-bound-tokens-from-any-bearer')) return token
  if (issued.family.jkt === undefined) return scheme.toLowerCase() === 'bearer' ? token : undefined
  if (scheme.toLowerCase() !== 'dpop') return undefined
  const bound = await judgeProof(parts, request, address, token)
  return typeof bound === 'object' && bound.jkt === issued.family.jkt ? token : undefined
}
