/**
 * actor-token-contract holds the shapes that createActorTokenValidator takes and gives.
 *
 * Shapes and their promises alone; actor-token.ts keeps them.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { KeyKeeper } from '../kept-keys.ts'
import type { ActorTokenErrorCode } from './errors.ts'
import type { UserContext } from './user-token.ts'

/** A verification key of a token service, found by certificate thumbprint (`x5t`, without padding). RSA, at least 2048 bits. */
export type IssuerKey = Readonly<{ x5t: string; key: KeyObject; notBefore?: Date; notAfter?: Date }>

/** The key of that thumbprint. `undefined`: the issuer has none such now. Throwing is a fault. */
export type FindIssuerKey = (x5t: string) => IssuerKey | undefined | Promise<IssuerKey | undefined>

/**
 * A trusted token service: it speaks for one realm as `00000001-0000-0000-c000-000000000000@{realm}`. Keys come from the JWKS of
 * `issuer` (metadata, or `jwksUri`), or from `findKey` where the keys are at hand.
 */
export type ActorIssuer =
  | Readonly<{ realm: string; issuer: string; jwksUri?: string; findKey?: never }>
  | Readonly<{ realm: string; findKey: FindIssuerKey; issuer?: never }>

/**
 * What this server grants to one acting server, which is its client id in its realm: the same id in another realm is another server.
 * Nothing is granted by leaving things out.
 */
export type ActorPartner = Readonly<{
  clientId: string
  /** The realm of its issuer, letter by letter. With one issuer that is the default; with several it must be said. */
  realm?: string
  /**
   * PEM or DER certificates that sign its user tokens. A certificate belongs to one partner in one realm alone. Their bytes must not
   * change; a list with other certificates counts at the next request.
   */
  certificates?: readonly (string | Uint8Array)[]
  /** The same, where keys are at hand and certificates are not: by thumbprint, as the token service keeps them. */
  keys?: readonly IssuerKey[]
  /** Or: its metadata document, read again every 8 hours and for an unknown thumbprint. The host must be in `metadataHosts`. */
  metadataUrl?: string
  /** It may act for people here; with `operations`, in these alone. Absent: for nobody. */
  actAs?: Readonly<{ operations?: readonly string[] }>
  /** It may use the actor token by itself; default false. */
  appOnly?: boolean
  /** DANGEROUS. Takes user tokens that nobody signed (`alg: none`), over TLS only; default false. CVE-2023-29357 is why. */
  dangerouslyAcceptUnsignedUserTokens?: boolean
}>

/** What the validator must know about an account; add members of your own. */
export type ActorTokenUser = Readonly<{
  /** Tells accounts apart. */
  id: string
  /** The realm it lives in, spelt like the realm of the issuer. Another one than the actor's is refused. */
  realm: string
  /** False for an account that may not sign in: disabled, locked. */
  active: boolean
  /** True for accounts that no server may act for, such as administrators; default false. */
  closedToActors?: boolean
}>

/** Whether an actor token still holds, by the word of its issuer. */
export type ActorTokenStatus = { check(actorToken: string): Promise<'active' | 'inactive' | 'unavailable'> }

/** One decision, for the audit trail. Members are there as far as they were verified; a refused token may prove nothing. */
export type ActorTokenUse = Readonly<{
  at: Date
  outcome: 'allowed' | 'refused'
  reason?: ActorTokenErrorCode
  /** `nameid` of the actor token. */
  actor?: string
  /** The user as the token names it: `upn`, else `smtp`, `sip`, `nameid`. */
  user?: string
  realm?: string
  jti?: string
  audience?: string
  form: 'app' | 'signed' | 'unsigned' | 'unknown'
}>

/** The server behind a token. */
export type Actor = Readonly<{
  clientId: string
  realm: string
  /** `client_id@realm`. */
  nameid: string
  jti?: string
  expiresAt: Date
  trustedForDelegation: boolean
}>

/** `app`: a server in its own name. `user`: a server for a person; `unsigned` only where the dangerous switch is on. */
export type ActorTokenAccepted<User> =
  | Readonly<{ kind: 'app'; actor: Actor }>
  | Readonly<{
      kind: 'user'
      actor: Actor
      user: User
      form: 'signed' | 'unsigned'
      /** The claims of the user token, without `actortoken`. Frozen. Only those that bind it were checked. */
      claims: Readonly<Record<string, unknown>>
    }>

export type ActorTokenRequest = Readonly<{
  /** The connection is TLS up to us, by the word of the socket or of configuration, never of a header. */
  secure?: boolean
  /** Compared with `actAs.operations` of the partner. */
  operation?: string
}>

export type ActorTokenValidatorOptions<User extends ActorTokenUser> = Readonly<{
  /** `client_id/host@realm`, one for each realm that is served. From configuration, never from the request. */
  audience: string | readonly string[]
  issuers: readonly ActorIssuer[]
  /**
   * The local grant table, or a function into it. A client id may be listed once for each realm. What the function gives must be of the
   * client id and the realm that it was asked for, with several issuers by its own `realm`, or it is not believed. `undefined`: not
   * known here.
   */
  partners:
    | readonly ActorPartner[]
    | ((clientId: string, realm: string) => Promise<ActorPartner | undefined> | ActorPartner | undefined)
  /**
   * ALL accounts inside `realm` that `user` names. Asked once for each independent name in the token (`nameid` in its namespace; each
   * different address of `upn`, `smtp`, `sip`): all must lead to one and the same account. Must not look outside `realm`.
   */
  findUser: (user: UserContext, realm: string) => Promise<readonly User[]> | readonly User[]
  /** Asked at most once in 60 s for each actor token. `inactive` refuses, and so does `unavailable`. Default: nobody is asked. */
  status?: ActorTokenStatus
  /** User tokens hold once only: `claim` says atomically whether this is the first time. Default: until they expire. */
  oneTime?: Readonly<{ claim(key: string, expiresAt: Date): Promise<boolean> }>
  /** Told of every decision before it is returned. What it throws fails the request. */
  onUse?: (use: ActorTokenUse) => void
  /** Exact names of hosts that partners' metadata may be read from. Needed where a partner has a `metadataUrl`. */
  metadataHosts?: readonly string[]
  /** Listed metadata hosts may have private addresses; default false. */
  allowPrivateNetwork?: boolean
  /** Providers accepted in `nii` as `trusted:{provider}`; default none. */
  trustedProviders?: readonly string[]
  /** Longest life of an actor token in seconds; default and most 3600. */
  maxActorSeconds?: number
  /** How far in the future `nbf` and `iat` may lie, in seconds; default 30, at most 300. Never prolongs a life. */
  clockToleranceSeconds?: number
  /** How many verified actor tokens are remembered; default 1000, 0 switches it off. A server shows one for an hour. */
  rememberTokens?: number
  /** Where the keys of `issuers` outlive a restart: `keepKeysIn(directory)`. Default: nowhere. */
  keepKeys?: KeyKeeper
  clock?: Clock
  fetch?: typeof fetch
  /** Accept issuers and metadata at `http://localhost` and the like, for development. */
  allowInsecureLoopback?: boolean
  /** Told of documents that could not be had. No secrets. Default: nobody. */
  onProblem?: (problem: string) => void
}>

export interface ActorTokenValidator<User extends ActorTokenUser> {
  /**
   * Judges an actor token, or a user token with an actor token in it, that was presented to this server ([MS-XOAUTH] section
   * 3.2.5.6, and stricter). Does NOT decide what the person may see: the caller's own permissions do.
   * @throws {ActorTokenError} always with a code; `keys_unavailable` and `status_unavailable` say nothing about the token
   */
  validate(token: string, request?: ActorTokenRequest): Promise<ActorTokenAccepted<User>>
  /** Fetches the keys of all issuers now, so that the first request need not wait. Never fails. */
  prepare(): Promise<void>
}
