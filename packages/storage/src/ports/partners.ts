import type { ClientId } from '../identifiers.ts'
import type { Client, ClientCredential } from './clients.ts'

/** What is kept of a client beside its registration because it takes part in server-to-server authentication. */
export interface Partner {
  readonly clientId: ClientId
  /** Where its certificates are read from; absent: they are registered by hand alone. */
  readonly metadataUrl?: string
  /** `issuer` and `realm` of the document as it was read first. Another one later is refused. */
  readonly pinned?: { readonly issuer: string; readonly realm: string }
  readonly metadataReadAt?: Date
  /** Last attempt to read, also one that failed: the floor between two is counted from it. */
  readonly metadataTriedAt?: Date
  /** Why the last attempt failed; absent: it did not. For operators. */
  readonly metadataProblem?: string
  /** The dangerous switch: user tokens that nobody signed (`alg: none`) are taken from it. Off unless somebody turned it on. */
  readonly acceptsUnsignedUserTokens: boolean
  /** Actor tokens that were issued to it before this moment are withdrawn. */
  readonly tokensValidFrom?: Date
}

/** A client that may prove itself by a certificate, with everything that a server-to-server request asks about it. */
export interface ServicePrincipal {
  readonly client: Client
  /** Those with a certificate (`x5t`), in the order in which they were added. Their ends are not looked at. */
  readonly certificates: readonly (ClientCredential & { readonly kind: 'key'; readonly x5t: string })[]
  readonly partner: Partner
}

/** Every change here, of such a client and of its certificates counts as a change of the realm. */
export interface PartnerStore {
  /** All clients of the realm that have a certificate or a row here, disabled ones too, by id. */
  principals(): Promise<readonly ServicePrincipal[]>
  /**
   * `lock`: holds the row until the transaction ends (which must be there), so that what is put then is made from what is
   * found here and loses no change of anybody else.
   */
  find(clientId: ClientId, options?: { lock?: boolean }): Promise<Partner | undefined>
  /**
   * Puts the whole row there or in the place of the present one, but never moves `tokensValidFrom` back. `'missing'`: no
   * such client.
   */
  put(partner: Partner): Promise<'put' | 'missing'>
  /**
   * Atomically claims the next reading of a metadata document: `true` for one caller, if the last attempt was at
   * `notTriedSince` or before. Keeps `now` as the time of the attempt, so `notTriedSince` must lie before `now`. `false` as
   * well where there is no row.
   */
  claimReading(clientId: ClientId, times: { now: Date; notTriedSince: Date }): Promise<boolean>
  /** Withdraws what was issued to it so far. Never moves the moment back. `false`: no such client. */
  withdrawTokens(clientId: ClientId, before: Date): Promise<boolean>
  remove(clientId: ClientId): Promise<boolean>
}
