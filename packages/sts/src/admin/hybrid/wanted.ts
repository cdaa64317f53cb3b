import type { Partner } from '@postern/storage'
import type { ReadCertificate } from '../../partners/public-key.ts'

export type Place = 'onPremises' | 'cloud'

/** One of the two mail servers, with everything that is known of it before anything is changed. */
export interface Side {
  /** Its principal: a client id that no other server has (CVE-2025-53786). */
  readonly client: string
  /** `https://host/`: where it is, and the audience of tokens for it. */
  readonly url: string
  readonly displayName: string
  /** Those that it signs with; RSA, and good now. Empty: still to be made, or registered by hand. */
  readonly certificates: readonly ReadCertificate[]
  /** Where its certificates are read from. Absent: they were handed in. */
  readonly metadata?: { readonly url: string; readonly pinned: NonNullable<Partner['pinned']> }
  /** Id of its resource, should one be made. */
  readonly newResource: string
}

/** What a realm shall be after the set-up. */
export interface Wanted {
  readonly onPremises: Side
  readonly cloud: Side
  /** What each side may do at the other one, for people too. */
  readonly scopes: readonly string[]
  /** People in these groups are never acted for. */
  readonly exceptGroups: readonly string[]
  /** Further verified domains. */
  readonly domains: readonly string[]
}
