import type { ClientId, ResourceId } from '../identifiers.ts'

/** An administrator's word that a client may act for people at one resource: RFC 8693 delegation, `trustedfordelegation`. */
export interface Delegation {
  readonly clientId: ClientId
  readonly resourceId: ResourceId
  /** The scopes of the resource that it may use for people; never empty. */
  readonly scopes: readonly string[]
  /** People in one of these groups are never acted for. */
  readonly exceptGroups: readonly string[]
  readonly createdAt: Date
}

/** Every change counts as a change of the realm, so that every process notices it at its next request. */
export interface DelegationStore {
  /** Puts it there, or in the place of the one for the same client and resource. `'missing'`: no such client or resource. */
  grant(delegation: Delegation): Promise<'granted' | 'replaced' | 'missing'>
  find(clientId: ClientId, resourceId: ResourceId): Promise<Delegation | undefined>
  /** All of the realm, by client and resource. */
  list(): Promise<readonly Delegation[]>
  /** `false`: there was none. */
  revoke(clientId: ClientId, resourceId: ResourceId): Promise<boolean>
}
