import type { AccountId, Authenticator, AuthenticatorDetail, AuthenticatorId, RealmSettings, RealmStore } from '@postern/storage'
import type { ThrottleRules } from './throttle.ts'

export type Names = Readonly<{
  /** Who asks for the code, e.g. the realm's name. */
  issuerName: string
  /** Whose code it is, e.g. the UPN. */
  accountName: string
}>

/** Where and for what one person shows something. */
export interface Occasion extends Names {
  readonly realm: RealmStore
  readonly accountId: AccountId
  /** What of the realm's settings concerns factors. */
  readonly settings: Pick<RealmSettings, 'disabledMethods' | 'smsPrefixes'>
  /**
   * Names the one sign-in, or the one visit to the portal, that this belongs to, by something that no other browser has and
   * nobody can guess. What was sent or asked for one attempt is good for that attempt alone (R100, R108).
   */
  readonly attempt: string
  /** BCP 47: in which language a message is written. */
  readonly language: string
  /** IP address of the browser. */
  readonly source?: string
  /** What the person is told about a sign-in that waits elsewhere: plain text. */
  readonly appName?: string
  readonly browser?: string
}

/** What a proof by this method is good for; see policy/requirements.ts of sts. */
export type Strength = 'second-factor' | 'phishing-resistant'

/** One way in which a person can show a second thing now. */
export type Way = Readonly<{
  method: string
  /** Absent where a method has no authenticators, e.g. recovery codes. */
  authenticatorId?: AuthenticatorId
  label: string
  /** What tells it apart without giving it away, e.g. a masked number or how many codes are left. */
  hint?: string
  /** `disabled`: it refuses every answer until it is bound anew. */
  state: 'active' | 'disabled'
  /** Too many wrong answers: nothing is checked before. */
  pausedUntil?: Date
  strength: Strength
  isDefault: boolean
}>

/** What a person has to be shown or told before they can answer. Everything in it may go to that person's browser. */
export type Prompt = Readonly<
  | { kind: 'code' }
  /** A code is on its way. `to` is masked. */
  | { kind: 'sent'; to: string; channel: 'sms' | 'voice'; resendAt: Date; expiresAt: Date }
  /** No sender can deliver: offer another way. Nothing was sent. */
  | { kind: 'undeliverable'; to: string }
  /** Too many messages lately, or numbers like this one get none here. Nothing was sent. */
  | { kind: 'limited'; until?: Date }
  /** `options` is the JSON form of PublicKeyCredentialRequestOptions or …CreationOptions (WebAuthn section 5.1.8 ff.). */
  | { kind: 'webauthn'; options: Readonly<Record<string, unknown>> }
  /** To be typed where the person is signed in already. `used`: it let this very attempt in, as another load of the page saw. */
  | { kind: 'number'; number: string; state: 'waiting' | 'approved' | 'used' | 'denied' | 'expired'; expiresAt: Date }
>

/** An answer that is right, as far as a look at it can tell. `burn` makes sure that it is right once: `false`, it was used. */
export type Match = Readonly<{
  /** RFC 8176. */
  amr: readonly string[]
  authenticatorId?: AuthenticatorId
  burn: () => Promise<boolean>
}>

/** An answer that is wrong, where the audit trail should know why, e.g. a counter that went back. Never told to whoever answered. */
export type Mismatch = Readonly<{ because: string }>

/** What a person needs in order to bind an authenticator. */
export type Presentation = Readonly<
  | {
      kind: 'totp'
      /** The secret as it is typed, without spaces. */
      secret: string
      /** The same in groups of four, for reading. */
      secretInGroups: string
      /** For a QR code or a link. */
      uri: string
    }
  | { kind: 'message'; prompt: Prompt }
  | { kind: 'webauthn'; options: Readonly<Record<string, unknown>> }
>

/** What a person, or a form, says at the beginning of an enrolment. */
export type EnrollmentInput = Readonly<{
  /** A telephone number as it was typed. */
  phone?: string
  channel?: 'sms' | 'voice'
  /** Instead of a number: the authenticator that an administrator proposed. Another account's is none. */
  proposedId?: string
}>

/** The part of a method that binds authenticators. */
export interface EnrollmentPart {
  /** What to keep as pending, or why it cannot be. Does no writing. */
  draft(
    occasion: Occasion,
    input: EnrollmentInput,
  ): Promise<Readonly<{ secret: Uint8Array; detail: AuthenticatorDetail }> | Readonly<{ refused: EnrollmentRefusal }>>
  /** Called once when it has begun, and when the person asks for it again: sends a message where one is needed. */
  begin?(occasion: Occasion, pending: Authenticator): Promise<Prompt>
  /** What to show; called whenever the page is. */
  present(occasion: Occasion, pending: Authenticator): Promise<Presentation>
  /** Whether the answer proves possession; `proof` is what the authenticator is confirmed with. */
  match(
    occasion: Occasion,
    pending: Authenticator,
    answer: string,
    now: Date,
  ): Promise<
    | Readonly<{
        amr: readonly string[]
        proof: Readonly<{ step?: number; credentialId?: string; secret?: Uint8Array; detail?: AuthenticatorDetail }>
      }>
    | Mismatch
    | undefined
  >
  /** Called once when it was bound: clears away what is superfluous with it. */
  confirmed?(occasion: Occasion, bound: Authenticator): Promise<void>
}

export type EnrollmentRefusal = 'phone_invalid' | 'phone_not_allowed'

/**
 * One kind of second thing that a person can show. A method knows its secrets and its answers and nothing else: throttling,
 * burning and evidence belong to challenge.ts, so that no method can forget them.
 */
export interface Method {
  /** The value of `Authenticator.method`, and the name of its counter. */
  readonly id: string
  readonly strength: Strength
  /** How wrong answers are counted. `unguessable`: they are not, so that nobody can lock somebody else's (R92). */
  readonly rules: ThrottleRules | 'unguessable'
  /** The ways that this account has; of `authenticators` those of this method that are neither proposed nor pending. */
  waysOf(occasion: Occasion, authenticators: readonly Authenticator[]): Promise<readonly Omit<Way, 'pausedUntil' | 'strength'>[]>
  /** What must be shown or sent first. Absent: nothing. `again`: the person asked for it once more. */
  begin?(occasion: Occasion, authenticators: readonly Authenticator[], options: { again: boolean }): Promise<Prompt>
  /** Holds an answer against the active authenticators. `undefined`: wrong. `'expired'`: there is nothing to hold it against. */
  match(
    occasion: Occasion,
    authenticators: readonly Authenticator[],
    answer: string,
    now: Date,
  ): Promise<Match | Mismatch | 'expired' | undefined>
  readonly enrollment?: EnrollmentPart
  /** Whoever shows it may bind a first factor, so what others got wrong while binding one is forgotten then. */
  readonly opensEnrollment?: true
}

/** The ways of a method that has nothing but authenticators: one a piece. */
export const waysOfAuthenticators = (
  authenticators: readonly Authenticator[],
): readonly Omit<Way, 'pausedUntil' | 'strength'>[] =>
  authenticators.map(({ id, method, label, state, isDefault }) =>
    Object.freeze({ method, authenticatorId: id, label, state: state === 'disabled' ? 'disabled' : 'active', isDefault }),
  )
