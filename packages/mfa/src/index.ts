/**
 * mfa knows how a person shows a second thing.
 *
 * It owns factors and their codes, how often any secret may be tried (the gate, which passwords use too), and what a proof
 * is worth as evidence. It does not own pages, passwords, policies, or what is done with the evidence. Storage is known by
 * its types only.
 * @module
 */
export {
  type AccessPasses,
  createAccessPasses,
  longestPassMinutes,
  shortestPassMinutes,
} from './access-pass/access-pass.ts'
export {
  type AppPasswordOutcome,
  type AppPasswords,
  type AppPasswordTry,
  createAppPasswords,
  type KnownAppPassword,
  mostAppPasswords,
  type NewAppPassword,
  parseAppPassword,
  type SecretHashing,
} from './app-passwords/app-passwords.ts'
export { type ApprovalAnswer, type Approvals, createApprovals, type WaitingApproval } from './approval/approval.ts'
export type { Evidence, Outcome } from './challenge.ts'
export type { Digest } from './digest.ts'
export { FactorError, type FactorErrorCode, NotEvaluated } from './errors.ts'
export { createFactorLife, type FactorLife, type Reset } from './factor-life.ts'
export {
  type BoundFactor,
  createFactors,
  type Enrollment,
  type EnrollmentKind,
  type EnrollmentOutcome,
  type Factors,
} from './factors.ts'
export {
  type AttemptGate,
  type CheckRequest,
  type Counter,
  createAttemptGate,
  type From,
  type GateOutcome,
  type Happening,
  type Watch,
} from './gate.ts'
export type { Guess } from './guesses.ts'
export type {
  EnrollmentInput,
  EnrollmentRefusal,
  Method,
  Names,
  Occasion,
  Presentation,
  Prompt,
  Strength,
  Way,
} from './method.ts'
export { createMethods, type MethodParts } from './methods.ts'
export {
  type CodesLeft,
  createRecoveryCodes,
  isLow,
  type RecoveryCodes,
} from './recovery-codes/recovery-codes.ts'
export {
  createRememberedBrowsers,
  type KnownBrowser,
  type RememberedBrowsers,
} from './remembered-browsers/remembered-browsers.ts'
export {
  type CheckedSecret,
  createSecretMemory,
  longestRightSeconds,
  longestWrongSeconds,
  type RememberedAnswer,
  type SecretMemory,
} from './secret-memory/secret-memory.ts'
export { createSharedWork, type SharedWork } from './secret-memory/shared-work.ts'
export type { Delivery, MessageSender, OutgoingMessage } from './sms/message-sender.ts'
export { maskPhoneNumber, parsePhoneNumber, prefixAllowed } from './sms/phone-number.ts'
export type { MessageSent } from './sms/sms.ts'
export {
  codeRules,
  decideAttempt,
  decideNotEvaluated,
  decideSuccess,
  passwordRules,
  sourceRules,
  type ThrottleRules,
} from './throttle.ts'
export { createPasskeys, type PasskeyOutcome, type Passkeys } from './webauthn/passkeys.ts'
export type { RelyingParty, WebauthnRefusal } from './webauthn/relying-party.ts'
