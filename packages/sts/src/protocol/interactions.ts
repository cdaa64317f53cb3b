import type { Account, AccountId, ClientId } from '@postern/storage'
import type { Context } from 'koa'

/** What a person has just shown. `amr` holds values of RFC 8176. */
export type Evidence = Readonly<{ amr: readonly string[]; at: Date }>

/** The sign-in that this browser is in the middle of. */
export interface PendingInteraction {
  readonly uid: string
  /** What is missing first; the dispatcher (interaction-policy.ts) decided it. */
  readonly prompt: 'login' | 'assurance' | 'consent'
  /**
   * Why, e.g. `no_session`; of `assurance` one of {@link AssuranceReason}. The first one counts.
   */
  readonly reasons: readonly string[]
  /** Of `assurance`: what must be shown, the strongest last, e.g. `second-factor`, `phishing-resistant`. */
  readonly missing: readonly string[]
  readonly details: Readonly<Record<string, unknown>>
  /** `isUnverified`: it registered itself, and nobody vouches for its name. */
  readonly client: { readonly id: ClientId; readonly displayName: string; readonly isUnverified: boolean }
  readonly loginHint?: string
  /** BCP 47 tags the request asked for (`ui_locales`), best first. */
  readonly locales: readonly string[]
  /** Who it is, once the login step has proved it. */
  readonly accountId?: AccountId
  /** The record of that account, as it was when this was looked up. Absent at the login step. */
  readonly account?: Account
  /** What has been shown in this session (`amr`). */
  readonly evidence: readonly string[]
  /** Where this sign-in came from a device (RFC 8628), not from an app in this browser. */
  readonly flow: 'authorization' | 'device'
  /** Scopes asked for, for the consent page. */
  readonly scopes: readonly string[]
  /** Must come back with every form of this interaction; only this browser can know it. */
  readonly csrf: string
}

/**
 * `factor_required`: a bound factor must be shown, one that meets `missing` or, before a stronger one is bound, any.
 * `factor_missing`: none that would do is bound; where another is, it was shown. `factor_offered`: an administrator asks the
 * person to set one up, who may postpone. `insufficient`: all was shown, and it is not enough.
 */
export type AssuranceReason = 'blocked' | 'factor_required' | 'factor_missing' | 'factor_offered' | 'insufficient'

/**
 * There is no sign-in to continue here. `restart`: the request is still known; sending the browser to `location` begins
 * it again. `expired`: it is over and cannot be begun from here. `cookies`: the browser keeps no cookies.
 */
export type LostInteraction = Readonly<{ lost: 'restart'; location: string } | { lost: 'expired' } | { lost: 'cookies' }>

/** What features may do with oidc-provider's interactions. No step knows the next one: each ends here. */
export interface Interactions {
  /** The interaction `uid` of this very browser (R20). */
  current(ctx: Context, uid: string): Promise<PendingInteraction | LostInteraction>
  /**
   * Ends a step in which `accountId` showed `evidence`. Returns where to send the browser (303). `account`: its record, where the
   * caller has read it in this request. What `current` found in the same request is not looked up again: whoever signed out
   * since is found out when the browser comes back, before anything is given. A step that is over meanwhile is not finished.
   */
  finish(
    ctx: Context,
    uid: string,
    proved: { accountId: AccountId; evidence: Evidence; account?: Pick<Account, 'signedOutAt'> },
  ): Promise<string>
  /** The person put off what was offered (`factor_offered`); it is not offered again in this sign-in. Returns where to send the browser. */
  postpone(ctx: Context, uid: string): Promise<string>
  /** The person agreed to what the client asks. Returns where to send the browser. */
  consent(ctx: Context, uid: string): Promise<string>
  /** Ends the request with an OAuth error for the client, e.g. `access_denied`. Returns where to send the browser. */
  refuse(ctx: Context, uid: string, refusal: { error: string; description: string }): Promise<string>
}
