/** Signs ID tokens, good ones and others. The keys are made once a process. */
import { createHash, createHmac, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { base64url, type SigningKey, signText } from '../hostile-tokens/signing-key.ts'
import type { IdTokenDraft } from './script.ts'

export interface StageKeys {
  readonly own: SigningKey
  /** Has the name of `own`, and is not published. */
  readonly foreign: SigningKey
}

const KID = 'kit-1'
const generate = promisify(generateKeyPair)

async function makeKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' }
  return Object.freeze({ kid: KID, alg: 'RS256', privateKey, jwk })
}

let made: Promise<StageKeys> | undefined
export function findStageKeys(): Promise<StageKeys> {
  made ??= Promise.all([makeKey(), makeKey()]).then(([own, foreign]) => ({ own, foreign }))
  return made
}

/** OpenID Connect Core section 3.1.3.6, for algorithms with SHA-256. */
export const atHashOf = (accessToken: string): string =>
  createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url')

/** The compact form. */
export function signIdToken({ header, claims, key }: IdTokenDraft, keys: StageKeys, clientId: string): string {
  const [head, payload] = [JSON.stringify(header), JSON.stringify(claims)]
  const input = `${base64url(head)}.${base64url(payload)}`
  if (key === 'none') return `${input}.`
  if (key === 'secret') return `${input}.${createHmac('sha256', clientId).update(input).digest('base64url')}`
  return signText(head, payload, keys[key])
}
