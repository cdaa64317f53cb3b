import type { Realm } from '@postern/storage'
import type { RealmParts } from '../realm-parts.ts'

/** What a realm tells the world of itself in metadata documents. */
export interface PublishedRealm {
  readonly baseUrl: string
  readonly issuer: string
  readonly realm: Pick<Realm, 'id'>
  /** DER, the one that signs now first. RSA alone: what these documents are read for is signed RS256. */
  readonly certificates: readonly Uint8Array[]
}

export const publishedRealm = (
  { issuer, realm, keys }: Pick<RealmParts, 'issuer' | 'realm' | 'keys'>,
  baseUrl: string,
): PublishedRealm =>
  Object.freeze({
    baseUrl,
    issuer,
    realm,
    certificates: Object.freeze(
      keys.published.filter(({ algorithm }) => algorithm === 'RS256').map(({ certificate }) => certificate),
    ),
  })
