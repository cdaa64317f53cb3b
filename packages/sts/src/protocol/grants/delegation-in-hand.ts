import type { Delegation } from '@postern/storage'
import type { Requirement } from '../../policy/policy.ts'
import type { ClientRegistration } from '../clients.ts'
import { findRequestState, type RequestState, requestState } from '../request-state.ts'
import { capAccess } from './delegation-rules.ts'

/** What a token says of the sign-in behind it. Absent: nobody signed in, a server named the person. */
export interface Shown {
  readonly acr?: string | undefined
  readonly amr?: readonly string[] | undefined
  readonly authTime?: number | undefined
  readonly sid?: string | undefined
}

/** What is known, so far, of a request in which a client acts for a person. */
export interface DelegationInHand {
  /** The acting client, authenticated. */
  readonly actor: string
  readonly accountId?: string
  readonly shown?: Shown
  /** The word of the administrator that the request rests on. */
  readonly delegation?: Delegation
  /** What policy misses in the evidence of the subject token. */
  readonly missing?: readonly Requirement[]
  /** A user token that nobody signed was let through: whom it names, and the number of the actor token inside. */
  readonly unsigned?: { readonly user: string; readonly jti?: string }
}

const inHand = new WeakMap<RequestState, DelegationInHand>()

/** Adds to what is known of the request in hand. */
export function noteDelegation(known: Partial<DelegationInHand> & Pick<DelegationInHand, 'actor'>): void {
  const state = requestState()
  inHand.set(state, Object.freeze({ ...inHand.get(state), ...known }))
}

/** The request begins again. */
export const forgetDelegation = (state: RequestState): void => void inHand.delete(state)

/** Whether a client acts for somebody in this request, and what is known of it. */
export function findDelegationInHand(state: RequestState | undefined = findRequestState()): DelegationInHand | undefined {
  return state && inHand.get(state)
}

/** What the client may have in this request: less than its registration says while it acts for somebody. */
export function accessInHand(access: ClientRegistration['access']): ClientRegistration['access'] {
  const delegation = findDelegationInHand()?.delegation
  return delegation === undefined ? access : capAccess(access, delegation)
}
