/**
 * delegation-rules decides whether a client may act for a person at a resource, and with which scopes. Pure.
 *
 * Nobody may be acted for without a delegation, which an administrator gives for one client and one resource. Scopes are
 * only ever cut down: what was asked for, what the client may have, what the delegation and what the resource know. It does
 * NOT look at policies, nor whether account and client are active. Source: RFC 8693 section 1.1, F 1.10.
 * @module
 */
import type { Delegation, Resource } from '@postern/storage'
import type { ClientRegistration } from '../clients.ts'
import { findDelegation } from '../principals.ts'
import { DEFAULT_SCOPE, shortScopes } from '../resources.ts'

/** F 3.3: with `requested_token_use=on_behalf_of`. */
export const ON_BEHALF_OF = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** RFC 8693 section 2.1. */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

const DELEGATED: readonly string[] = [ON_BEHALF_OF, TOKEN_EXCHANGE]

/** The grant of ours that tokens with this `gty` came from in the end, however often they were refreshed. */
export const delegatedGrantOf = (gty: unknown): string | undefined =>
  typeof gty === 'string' ? DELEGATED.find((one) => gty === one || gty.startsWith(`${one} `)) : undefined

export interface DelegationRequest {
  readonly delegations: readonly Delegation[]
  readonly clientId: string
  readonly access: ClientRegistration['access']
  readonly resource: Resource
  /** Groups of the person. */
  readonly groups: readonly string[]
  /** As asked for, or as granted earlier. */
  readonly scope: string
}

export type DelegationDecision =
  | Readonly<{
      outcome: 'allowed'
      delegation: Delegation
      /** Short names. Never empty. */
      scopes: readonly string[]
      /** The same in the spelling of the request; what `.default` stands for is spelled out. */
      spelled: string
    }>
  | Readonly<{ outcome: 'refused'; because: 'delegation_missing' | 'group_excepted' | 'scope_empty' }>

/** What the client may do for a person with these groups. */
export function decideDelegation(request: DelegationRequest): DelegationDecision {
  const { resource, groups, scope } = request
  const delegation = findDelegation(request.delegations, request.clientId, resource.id)
  if (delegation === undefined) return refused('delegation_missing')
  if (isExceptedGroup(delegation, groups)) return refused('group_excepted')
  const access = capAccess(request.access, delegation)
  const scopes = shortScopes(resource, access, scope)
  if (scopes.length === 0) return refused('scope_empty')
  return Object.freeze({ outcome: 'allowed', delegation, scopes, spelled: spellOut(resource, access, scope) })
}

/** Without regard to case, as policies compare groups: a slip of the shift key must not open an account. */
export function isExceptedGroup({ exceptGroups }: Pick<Delegation, 'exceptGroups'>, groups: readonly string[]): boolean {
  const excepted = new Set(exceptGroups.map((one) => one.toLowerCase()))
  return groups.some((one) => excepted.has(one.toLowerCase()))
}

const refused = (because: 'delegation_missing' | 'group_excepted' | 'scope_empty'): DelegationDecision =>
  Object.freeze({ outcome: 'refused', because })

/** What is left of a client's access while it acts for somebody: this one resource, and of its scopes those delegated. */
export const capAccess = (access: ClientRegistration['access'], delegation: Delegation): ClientRegistration['access'] =>
  access
    .filter((one) => one.resourceId === delegation.resourceId)
    .map((one) => ({ ...one, scopes: one.scopes.filter((scope) => delegation.scopes.includes(scope)) }))

/** Each granted scope once, as it was spelled first. */
function spellOut(resource: Resource, access: ClientRegistration['access'], scope: string): string {
  const spelled = new Map<string, string>()
  for (const asked of scope.split(' ')) {
    const prefix = asked.endsWith(`/${DEFAULT_SCOPE}`) ? asked.slice(0, -DEFAULT_SCOPE.length) : undefined
    for (const short of shortScopes(resource, access, asked))
      if (!spelled.has(short)) spelled.set(short, prefix === undefined ? asked : `${prefix}${short}`)
  }
  return [...spelled.values()].join(' ')
}
