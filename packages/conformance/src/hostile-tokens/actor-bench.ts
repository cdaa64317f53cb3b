/**
 * The good tokens of a scene between servers, an actor token of the service inside a user token of the acting server, and how to
 * bend them. What is bent is in actor-signatures.ts, actor-bindings.ts, actor-users.ts and actor-grants.ts.
 */
import { type KeyObject, sign } from 'node:crypto'
import { base64url } from './signing-key.ts'

export type Members = Readonly<Record<string, unknown>>

/** A private RSA key and the thumbprint of its certificate. */
export type ServerKey = Readonly<{ x5t: string; key: KeyObject; der: Uint8Array }>

/** What the tokens are made against. */
export type ActorScene = Readonly<{
  /** Seconds since 1970. */
  now: number
  /** The audience that is ours: `client_id/host@realm`. */
  own: Readonly<{ clientId: string; host: string }>
  realm: string
  /** Another realm with a token service that is trusted as well, for its own realm. */
  otherRealm: string
  sts: ServerKey
  otherSts: ServerKey
  /** Published by the service of `realm`, and past the end of its certificate. */
  endedSts: ServerKey
  /** May do everything but send unsigned tokens. `endedKey` is registered for it and past its end. */
  partner: Readonly<{ clientId: string; key: ServerKey; endedKey: ServerKey }>
  /** As much as `partner`, with a certificate of its own. */
  otherPartner: Readonly<{ clientId: string; key: ServerKey }>
  /** May send unsigned tokens, over TLS. */
  unsignedPartner: Readonly<{ clientId: string }>
  /** Known, and granted nothing. */
  ungrantedPartner: Readonly<{ clientId: string; key: ServerKey }>
  /** May act in the operation `FreeBusy` alone. */
  limitedPartner: Readonly<{ clientId: string; key: ServerKey }>
  /** Nowhere registered. */
  attacker: ServerKey
  /** Accounts of `realm` by what names them; `foreign` is one of `otherRealm`. */
  users: Readonly<{
    good: Readonly<{ upn: string; sid: string }>
    second: Readonly<{ upn: string; sid: string; puid: string }>
    ambiguous: string
    disabled: string
    administrator: string
    unknown: string
    foreign: Readonly<{ upn: string; sid: string; puid: string }>
  }>
  /** An address at which nothing may ever ask, without a slash at the end. */
  trap?: string
  /** Nobody here is known by a SID, so the good token names none; default false. */
  withoutSids?: boolean
  /** The `jti` of actor tokens; the service that made them may read something in it. */
  actorNumber?: string
}>

/** What the server knows beside the token. */
export type PairRequest = Readonly<{ secure?: boolean; operation?: string }>

/** One token of a server and what must come of it. */
export interface HostilePair {
  /** The class of the list A1 to A50, with a suffix where a class has several tokens. */
  readonly id: string
  readonly title: string
  readonly expects: 'refused' | 'accepted'
  readonly request?: PairRequest
  readonly make: () => string
}

/** A case of a list in which all are refused. */
export type RefusedPair = Omit<HostilePair, 'expects'>

type Changes = Readonly<{ header?: Members; claims?: Members; key?: ServerKey }>
type Partner = Readonly<{ clientId: string }>

/** Signs the header and payload exactly as these texts are. */
export function signServerText(header: string, payload: string | Uint8Array, { key }: ServerKey): string {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

/** The good tokens of a scene and how to bend them. A member set to undefined is left out. */
export class ActorBench {
  readonly scene: ActorScene
  constructor(scene: ActorScene) {
    this.scene = scene
  }
  get trap(): string {
    return this.scene.trap ?? 'https://evil.example'
  }
  get audience(): string {
    const { own, realm } = this.scene
    return `${own.clientId}/${own.host}@${realm}`
  }
  nameid(partner: Partner = this.scene.partner): string {
    return `${partner.clientId}@${this.scene.realm}`
  }
  actorHeader(changes: Members = {}): string {
    return JSON.stringify({ typ: 'JWT', alg: 'RS256', kid: this.scene.sts.x5t, x5t: this.scene.sts.x5t, ...changes })
  }
  actorClaims(changes: Members = {}): string {
    const { realm, now, actorNumber } = this.scene
    const iss = `00000001-0000-0000-c000-000000000000@${realm}`
    const times = { nbf: now - 60, iat: now - 60, exp: now + 3480 }
    const who = { nameid: this.nameid(), identityprovider: iss, trustedfordelegation: 'true' }
    return JSON.stringify({ aud: this.audience, iss, ...who, jti: actorNumber ?? 'actor-1', ...times, ...changes })
  }
  actor({ header, claims, key = this.scene.sts }: Changes = {}): string {
    return signServerText(this.actorHeader({ kid: key.x5t, x5t: key.x5t, ...header }), this.actorClaims(claims), key)
  }
  /** The actor token of another partner. */
  actorOf(partner: Partner, claims: Members = {}): string {
    return this.actor({ claims: { nameid: this.nameid(partner), ...claims } })
  }
  userClaims(changes: Members = {}): string {
    const { now, users, withoutSids } = this.scene
    const sid = { nameid: users.good.sid, nii: 'urn:office:idp:activedirectory' }
    const who = { upn: users.good.upn, smtp: users.good.upn, ...(withoutSids ? {} : sid) }
    const { actortoken = this.actor(), ...others } = changes
    return JSON.stringify({
      aud: this.audience,
      iss: this.nameid(),
      ...who,
      nbf: now - 30,
      exp: now + 300,
      ...others,
      ...(actortoken === null ? {} : { actortoken }), // last, so that a test can cut it off
    })
  }
  userHeader(changes: Members = {}): string {
    return JSON.stringify({ typ: 'JWT', alg: 'RS256', x5t: this.scene.partner.key.x5t, ...changes })
  }
  /** A user token signed by the partner, around its actor token. `actortoken: null` leaves that out. */
  user({ header, claims, key = this.scene.partner.key }: Changes = {}): string {
    return signServerText(this.userHeader({ x5t: key.x5t, ...header }), this.userClaims(claims), key)
  }
  /** The same for another partner with a key. */
  userOf(partner: Partner & { key: ServerKey }, changes: Changes = {}): string {
    const claims = { iss: this.nameid(partner), actortoken: this.actorOf(partner), ...changes.claims }
    return this.user({ key: partner.key, ...changes, claims })
  }
  /** The original form: nobody signs. By default of the partner that may. */
  unsigned({ header, claims }: Changes = {}, signature = ''): string {
    const { unsignedPartner } = this.scene
    const defaults = { iss: this.nameid(unsignedPartner), actortoken: this.actorOf(unsignedPartner) }
    const payload = this.userClaims({ ...defaults, ...claims })
    return `${base64url(JSON.stringify({ typ: 'JWT', alg: 'none', ...header }))}.${base64url(payload)}.${signature}`
  }
}
