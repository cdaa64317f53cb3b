/**
 * The good access token of a scene and how to bend it. What is bent is in signatures.ts, keys.ts, forms.ts and claims.ts.
 *
 * It owns the good token (RFC 9068) and the form of a case. It judges nothing and presents nothing.
 */
import { type SigningKey, signText } from './signing-key.ts'

/** What a route demands beyond a good token. */
export type Demand = 'user' | 'scope' | 'assurance' | 'recent-sign-in'

/** One token and what must come of it. */
export interface HostileToken {
  /** The class of the list m1 to m130, with a suffix where a class has several tokens. */
  readonly id: string
  readonly title: string
  readonly expects: 'refused' | 'accepted'
  /** The token itself is good; this demand of a route refuses it. */
  readonly demand?: Demand
  /** A standard allows a server to accept it; a careful one does not. */
  readonly allowed?: true
  readonly make: () => string
}

/** A case of a list in which all are refused. */
export type Refused = Omit<HostileToken, 'expects'>

type Members = Readonly<Record<string, unknown>>

/** What the tokens are made against. Every key but `attacker`, `retired` and those of `foreign` is published by `issuer`. */
export type Scene = Readonly<{
  issuer: string
  audience: string
  /** Seconds since 1970. */
  now: number
  /** An address at which nothing may ever ask: it stands in tokens that invite to it. Without a slash at the end. */
  trap: string
  rsa: SigningKey
  /** A second good RSA key of the issuer. */
  rsaToo: SigningKey
  ec: SigningKey
  attacker: SigningKey
  retired: SigningKey
  /** Another issuer, trusted as well or not at all; `key` has a kid of its own, `sameKid` the kid of `rsa`. */
  foreign: Readonly<{ issuer: string; key: SigningKey; sameKid: SigningKey }>
  /** Published, and not good enough. */
  weak: Readonly<{ encryption: SigningKey; otherAlg: SigningKey; exponentOne: SigningKey; roca: SigningKey; short: SigningKey }>
  /** Members of the good token that are not the usual ones: who, with which scope and sign-in. */
  claims?: Members
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
    const { issuer, audience, now, claims } = this.scene
    const times = { iat: now - 10, nbf: now - 10, exp: now + 3590 }
    const who = {
      sub: 'b2b5c6f0-mary',
      client_id: 'outlook',
      jti: 'jti-1',
      scope: 'Mail.Read',
      acr: 'urn:postern:acr:aal2',
      auth_time: now - 60,
    }
    return JSON.stringify({ iss: issuer, aud: audience, ...who, ...claims, ...times, ...changes })
  }
  /** Signed by the issuer's own RSA key unless told otherwise. */
  signed(changes: { header?: Members; payload?: Members; key?: SigningKey } = {}): string {
    return signText(this.header(changes.header), this.payload(changes.payload), changes.key ?? this.scene.rsa)
  }
  get good(): string {
    return this.signed()
  }
}
