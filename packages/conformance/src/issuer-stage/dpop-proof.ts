/** Proofs of possession (RFC 9449 section 4): right ones, and ones that differ in a single thing. Signs; asks nobody. */
import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { Answer, Target } from '../target.ts'

export interface DpopKey {
  readonly privateKey: KeyObject
  readonly jwk: JsonWebKey
  /** RFC 7638. */
  readonly thumbprint: string
}

export function newDpopKey(): DpopKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' })
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  return { privateKey, jwk: { crv, kty, x, y } as JsonWebKey, thumbprint } // all four are there for this curve
}

export interface ProofChange {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly signedBy?: KeyObject
}

export interface ProofFor {
  readonly method: string
  readonly url: string
  readonly now: number
  readonly nonce?: string | undefined
  /** The access token that goes with it. */
  readonly token?: string
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** `undefined` in a change leaves a member out. */
export function makeProof(key: DpopKey, about: ProofFor, change: ProofChange = {}): string {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk, ...change.header }
  const claims = {
    jti: randomUUID(),
    htm: about.method,
    htu: about.url,
    iat: about.now,
    ...(about.nonce !== undefined && { nonce: about.nonce }),
    ...(about.token !== undefined && { ath: createHash('sha256').update(about.token).digest('base64url') }),
    ...change.claims,
  }
  const text = `${encode(header)}.${encode(claims)}`
  if (String(header.alg).toLowerCase() === 'none') return `${text}.`
  const signature = sign('sha256', Buffer.from(text), { key: change.signedBy ?? key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

/** Sends with a proof; once more where the issuer wants a nonce in it (RFC 9449 section 8). */
export async function sendWithProof(
  target: Target,
  key: DpopKey,
  request: {
    readonly method: string
    readonly url: string
    readonly token?: string
    readonly change?: ProofChange
    readonly send: (proof: string) => Promise<Answer>
  },
): Promise<Answer> {
  const { method, url, token, change, send } = request
  const about = { method, url, now: target.now(), ...(token !== undefined && { token }) }
  const first = await send(makeProof(key, about, change))
  const nonce = first.headers.get('dpop-nonce')
  const wanted = first.json?.error === 'use_dpop_nonce' || /use_dpop_nonce/.test(first.headers.get('www-authenticate') ?? '')
  if (!wanted || nonce === null) return first
  return send(makeProof(key, { ...about, now: target.now(), nonce }, change))
}

export const offersDpop = async (target: Target): Promise<boolean> =>
  Array.isArray((await target.metadata()).dpop_signing_alg_values_supported)
