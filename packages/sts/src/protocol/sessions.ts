import type { AccountId } from '@postern/storage'
import type { Context } from 'koa'

/** Who is signed in in this browser, by the session that sign-ins make. */
export interface SignedIn {
  readonly accountId: AccountId
  /** Names the session; the same until the person signs in anew. Unguessable, and known to this browser alone. */
  readonly attempt: string
  /** What was shown (`amr`, RFC 8176). */
  readonly evidence: readonly string[]
  /** Of the first thing shown. A second factor does not make it younger. */
  readonly signedInAt: Date
  /** Must come back with every form of this session's pages. */
  readonly csrf: string
}

/** What features may know and do about the session of this browser, beside sign-ins. */
export interface Sessions {
  /** `undefined`: nobody, or somebody who may not use it any more (disabled, signed out everywhere, session over). */
  current(ctx: Context): Promise<SignedIn | undefined>
  /**
   * Like {@link Sessions.current}, for pages that show or change what is a person's own: `undefined` also for whoever has
   * not shown all that policies and the state of the account ask for at the portal, or whom they block. A session begins with
   * the first thing shown, so a password alone has one.
   */
  entitled(ctx: Context): Promise<SignedIn | undefined>
  /**
   * Where to send the browser so that somebody signs in, or shows more, and then comes back to `returnTo`, a path below
   * the issuer such as `/portal/methods`. `acr`: what must be reached. `maxAgeSeconds`: what was shown longer ago must be
   * shown again. Sends no app anywhere: the way leads back to `returnTo` alone.
   */
  signInAddress(ctx: Context, wanted: { returnTo: string; acr?: string; maxAgeSeconds?: number }): string
  /** Where a person goes to sign out; the page there asks first (R130). */
  signOutAddress(): string
  /** Those of the account that live, in whatever browser, most recent first. `showing`: where this `amr` was shown alone. */
  list(accountId: AccountId, only?: { readonly showing: string }): Promise<readonly ListedSession[]>
  /**
   * Ends one session of the account, in whatever browser: nobody is signed in by it any more, resource servers hear of it,
   * and apps that asked to (back-channel logout) are told, once what is done here is kept. What apps were given in it ends too,
   * refresh families included: whoever ends a session from afar no longer trusts that browser. Signing out in the browser
   * itself leaves apps alone. In the caller's transaction. `false`: the account has no such living session.
   */
  end(accountId: AccountId, attempt: string): Promise<boolean>
}

export type ListedSession = Readonly<{ attempt: string; evidence: readonly string[]; signedInAt: Date }>
