import { AsyncLocalStorage } from 'node:async_hooks'
import type { NewArtifact } from '@postern/storage'
import type { findActiveClient } from './clients.ts'
import type { RealmRuntime } from './realm-parts.ts'
import type { Parameters } from './request-rewriting.ts'

/** What the parts of protocol know about the request in hand, beside oidc-provider's own context. */
export interface RequestState {
  /** The realm that the address names. */
  readonly runtime: RealmRuntime
  /** Correlation id of this request; the same in the log, the audit trail and on pages. */
  readonly reference: string
  /** Address of the caller, as the app determined it. */
  readonly source: string | undefined
  /** The request came to an endpoint of the v1 family: `resource` instead of scopes, numbers as strings. */
  v1: boolean
  /** The request runs in a database transaction, so rows found by it are locked. */
  locking: boolean
  /** Digest of the form of a refresh, without what may differ between honest repetitions. */
  form?: string
  /** The form as it was received; each name at most once, but for `resource`. */
  received?: Parameters
  /** The form as oidc-provider gets it. */
  parameters?: Parameters
  /** A token that was verified before oidc-provider was asked about it, and the handle it is asked by. */
  presented?: PresentedToken
  /** A client that was read ahead, when the request had come. */
  readAhead?: { readonly clientId: string; readonly found: Awaited<ReturnType<typeof findActiveClient>> }
  /** Set when the request repeats one that was answered a moment ago: this answer goes out again. */
  replayed?: { readonly answer: string; readonly familyId: string }
  /** Handle of the refresh token that this request used up. */
  usedRefreshToken?: string
  /** The refresh token that follows it; written with all that belongs to it when the answer is known. */
  successor?: NewRefreshToken
  /** A used refresh token was presented, too late or in another request to be forgiven. */
  reuseSuspected?: boolean
  /** The family that was ended for it, once everything else about the request had been found right. */
  reusedFamily?: string
  /** Apps that could not be told of the sign-out in hand. */
  untoldApps?: ReadonlySet<string>
  /** What a revocation request ended: a family, or the one token of a program. */
  ended?: { readonly familyId?: string }
  /** A user code was typed that no device shows. */
  userCodeUnknown?: boolean
  /**
   * Sessions found by their `uid` while one step of a sign-in is looked up, and only so long: more than one asks for the same
   * at that moment. What is read here is never older than the look.
   */
  sessionsFound?: Map<string, Readonly<Record<string, unknown>> | undefined>
  /** The grant of the code that is kept next, to be written together with it. Present, and empty, while it is asked for. */
  grantOfCode?: { grant?: NewArtifact }
  /** The id that the session in hand had until now, to go when it is kept under the next one. */
  sessionLeft?: string
  /** Present while a step of a sign-in is kept, which is done only where that sign-in still is: then `done`. */
  keeping?: { done?: boolean }
  /** Why oidc-provider could not answer, where it hides that behind `server_error`. */
  fault?: unknown
  /** Why a person or account was turned away, for the audit trail. */
  refusedBecause?: string
}

/** A refresh token that was made and is not kept yet. */
export interface NewRefreshToken {
  readonly handle: string
  readonly payload: Record<string, unknown>
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/** An access or refresh JWT of ours whose signature, type and times were checked. */
export interface PresentedToken {
  readonly kind: 'AccessToken' | 'ClientCredentials' | 'RefreshToken'
  readonly handle: string
  /** What oidc-provider would have stored, had it stored this token. Absent for refresh tokens, which are stored. */
  readonly stored?: Readonly<Record<string, unknown>>
}

const states = new AsyncLocalStorage<RequestState>()

/** Runs `work` with this state; every part below sees it. */
export const withRequestState = <T>(state: RequestState, work: () => Promise<T>): Promise<T> => states.run(state, work)

/** The state of the request in hand. Throws outside of one: protocol never works without. */
export function requestState(): RequestState {
  const state = states.getStore()
  if (!state) throw new TypeError('oidc-provider was called outside of a request')
  return state
}

/** Like {@link requestState}, for code that also runs outside of requests. */
export const findRequestState = (): RequestState | undefined => states.getStore()
