/**
 * The keys of the kit's own issuer, and of everybody else on its stage. Made once a process: a key takes a while.
 *
 * It owns key material and which of it stands under which name. Some keys stand under several names, where a case is about the
 * name and not about the key.
 */
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { makeRocaKey } from '../hostile-tokens/roca-key.ts'
import { makeSigningKey, type SigningKey, underKid, withJwk } from '../hostile-tokens/signing-key.ts'
import { certify, type SelfSigned } from '../server-to-server/self-signed.ts'

const generate = promisify(generateKeyPair)

export interface IssuerKeys {
  readonly rsa: SigningKey
  readonly rsaToo: SigningKey
  readonly ec: SigningKey
  readonly attacker: SigningKey
  readonly retired: SigningKey
  readonly foreign: SigningKey
  /** Not published at first: what the issuer rotates to. */
  readonly next: SigningKey
  /** Published at first: what the issuer withdraws. */
  readonly withdrawn: SigningKey
  readonly weak: Readonly<Record<'encryption' | 'otherAlg' | 'exponentOne' | 'roca' | 'short', SigningKey>>
  /** Certificates: the issuer's own, one past its end, that of another realm's issuer, and those of servers. */
  readonly certificates: Readonly<
    Record<
      'sts' | 'endedSts' | 'otherSts' | 'partner' | 'endedPartner' | 'otherPartner' | 'ungranted' | 'limited' | 'attacker',
      SelfSigned
    >
  >
}

const ENDED = '200601000000Z'

function named(kid: string, privateKey: KeyObject): SigningKey {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return Object.freeze({ kid, alg: 'RS256', privateKey, jwk: { ...jwk, kid, alg: 'RS256', use: 'sig' } })
}

async function makeKeys(): Promise<IssuerKeys> {
  const pairs = Array.from({ length: 6 }, async () => (await generate('rsa', { modulusLength: 2048 })).privateKey)
  const [first, second, foreign, attacker, partner, other] = (await Promise.all(pairs)) as [
    KeyObject,
    KeyObject,
    KeyObject,
    KeyObject,
    KeyObject,
    KeyObject,
  ] // six were made
  return Object.freeze({
    rsa: withJwk(named('kit-1', first), { x5t: 'thumbprint-of-kit-1' }),
    rsaToo: withJwk(named('kit-2', second), { x5t: 'thumbprint-of-kit-2' }),
    ec: makeSigningKey('kit-ec', 'ES256'),
    attacker: named('attacker-1', attacker),
    retired: named('retired-1', attacker),
    foreign: named('foreign-1', foreign),
    next: named('kit-next', other),
    withdrawn: named('kit-withdrawn', partner),
    weak: Object.freeze({
      encryption: withJwk(named('enc-1', second), { use: 'enc' }),
      otherAlg: withJwk(named('rs512-1', second), { alg: 'RS512' }),
      exponentOne: withJwk(underKid(named('x', second), 'e-1'), { e: 'AQ' }),
      roca: makeRocaKey('roca-1'),
      short: makeSigningKey('short-1', 'RS256', 1024),
    }),
    certificates: Object.freeze({
      sts: certify('the token service of the kit', first),
      endedSts: certify('an ended certificate of the token service', second, ENDED),
      otherSts: certify('the token service of another realm', foreign),
      partner: certify('the acting server', partner),
      endedPartner: certify('an ended certificate of the acting server', second, ENDED),
      otherPartner: certify('another server', other),
      ungranted: certify('a server without grants', other),
      limited: certify('a server with one grant', other),
      attacker: certify('nobody', attacker),
    }),
  })
}

let made: Promise<IssuerKeys> | undefined
/** The keys of this process, made when they are first needed. */
export function findIssuerKeys(): Promise<IssuerKeys> {
  made ??= makeKeys()
  return made
}
