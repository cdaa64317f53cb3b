/**
 * hostile-tokens makes tokens that must be refused, one for each known way to attack a validator, numbered m1 to m130.
 *
 * Each is the good token of its scene with one thing wrong, and signed again with the right key where that makes it harder.
 * Not here, because one server alone cannot judge them: m36 (a published key is a valid key), m37 (time passes: validator.test.ts),
 * m81 and m83 (other endpoints), m124 and m125 (need the issuer's memory).
 * @module
 */
import type { TokenErrorCode } from '../errors.ts'
import { type SigningKey, signText } from './fake-issuer.ts'
import { hostileClaims } from './hostile-claims.ts'
import { hostileForms } from './hostile-forms.ts'
import { hostileKeys } from './hostile-keys.ts'
import { hostileSignatures } from './hostile-signatures.ts'

export type HostileToken = Readonly<{
  /** The class, with a suffix where a class has several tokens. */
  id: string
  name: string
  token: string
  expect: TokenErrorCode
  /** The token itself is good; this demand of a route refuses it. */
  route?: 'user' | 'scope' | 'assurance' | 'recent-sign-in'
}>

type Members = Readonly<Record<string, unknown>>

/** What the tokens are made against. Every key but `attacker`, `retired` and those of `foreign` is published by `issuer`. */
export type Scene = Readonly<{
  issuer: string
  audience: string
  /** Seconds since 1970. */
  now: number
  rsa: SigningKey
  /** A second good RSA key of the issuer. */
  rsaToo: SigningKey
  ec: SigningKey
  attacker: SigningKey
  retired: SigningKey
  /** Another trusted issuer; `key` has a kid of its own, `sameKid` the kid of `rsa`. */
  foreign: Readonly<{ issuer: string; key: SigningKey; sameKid: SigningKey }>
  /** Published, and not good enough. */
  weak: Readonly<{ encryption: SigningKey; otherAlg: SigningKey; exponentOne: SigningKey; roca: SigningKey; short: SigningKey }>
}>

/** The good token of a scene and how to bend it. A member set to undefined is left out. */
export class Bench {
  readonly scene: Scene
  constructor(scene: Scene) {
    this.scene = scene
  }
  header(changes: Members = {}): string {
    return JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: this.scene.rsa.kid, ...changes })
  }
  payload(changes: Members = {}): string {
    const { issuer, audience, now } = this.scene
    const times = { iat: now - 10, nbf: now - 10, exp: now + 3590 }
    const who = {
      sub: 'b2b5c6f0-mary',
      client_id: 'outlook',
      jti: 'jti-1',
      scope: 'Mail.Read',
      acr: 'urn:postern:acr:aal2',
      auth_time: now - 60,
    }
    return JSON.stringify({ iss: issuer, aud: audience, ...who, ...times, ...changes })
  }
  /** Signed by the issuer's own RSA key unless told otherwise. */
  signed(changes: { header?: Members; payload?: Members; key?: SigningKey } = {}): string {
    return signText(this.header(changes.header), this.payload(changes.payload), changes.key ?? this.scene.rsa)
  }
  get good(): string {
    return this.signed()
  }
}

/** All hostile tokens of a scene. */
export function hostileTokens(scene: Scene): readonly HostileToken[] {
  const bench = new Bench(scene)
  return [...hostileSignatures(bench), ...hostileKeys(bench), ...hostileForms(bench), ...hostileClaims(bench)]
}
