import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { findRequestState, type RequestState } from './request-state.ts'

/** What became of a request to authorize, or why one about tokens was refused. */
export type Outcome =
  | { readonly kind: 'granted' | 'approved' | 'denied'; readonly of: StoredCode }
  | { readonly kind: 'refused'; readonly error: string; readonly reason: string }

/** What the codes of both flows have in common, as far as the trail tells it. */
interface StoredCode {
  readonly clientId?: string | undefined
  readonly accountId?: string | undefined
  readonly grantId?: string | undefined
  readonly scope?: string | undefined
  readonly error?: string | undefined
}

const outcomes = new WeakMap<RequestState, Outcome>()

/** Endpoints whose errors end a request for good. Those of the device pages show the page again and decide nothing. */
const REFUSALS = [
  'authorization.error',
  'pushed_authorization_request.error',
  'device_authorization.error',
  'introspection.error',
  'revocation.error',
] as const

/** Remembers what this provider decides, for {@link outcomeOf}. */
export function watchAuthorizations(provider: Provider): void {
  const events = provider as { on(event: string, listener: (...what: never[]) => void): unknown }
  const keep = (outcome: Outcome) => {
    const state = findRequestState()
    if (state) outcomes.set(state, outcome)
  }
  events.on('authorization_code.saved', (code: StoredCode) => keep({ kind: 'granted', of: code }))
  events.on('device_code.saved', (code: StoredCode) => {
    if (code.error !== undefined) keep({ kind: 'denied', of: code })
    else if (code.accountId !== undefined) keep({ kind: 'approved', of: code })
  })
  for (const event of REFUSALS)
    events.on(event, (_ctx: KoaContextWithOIDC, refusal: errors.OIDCProviderError) => {
      // A lost cookie is no decision: the page begins the sign-in again.
      if (refusal instanceof errors.SessionNotFound) return
      keep({ kind: 'refused', error: refusal.error, reason: refusal.error_detail ?? refusal.error_description ?? '' })
    })
}

/** What was decided in this request, if anything was. */
export const outcomeOf = (state: RequestState): Outcome | undefined => outcomes.get(state)
