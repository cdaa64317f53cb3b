import type { AccountId, RealmStore } from '@postern/storage'
import { createAccessPass } from './access-pass/access-pass.ts'
import { createApproval } from './approval/approval.ts'
import type { Clock } from './clock.ts'
import type { Digest } from './digest.ts'
import type { Method } from './method.ts'
import { createRecoveryCode } from './recovery-codes/recovery-codes.ts'
import type { MessageSender } from './sms/message-sender.ts'
import { createSms, type MessageSent } from './sms/sms.ts'
import { createTotp } from './totp/totp.ts'
import { createWebauthn } from './webauthn/webauthn.ts'

/** What methods are made from. */
export interface MethodParts {
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  /** Keyed digest (e.g. HMAC-SHA-256 under a key of this installation) of what is only compared. `what` separates the uses. */
  readonly digest: Digest
  readonly messages: MessageSender
  /** WebAuthn: `id` is the host name that credentials belong to; `origins` those that a browser may name. */
  readonly relyingParty: Readonly<{ id: string; origins: readonly string[] }>
  /**
   * Whether the account has a living session in another browser than the one of `attempt`, in which a second factor was
   * shown: whoever answers there lets this sign-in in. Absent: nobody has, and approval is never offered.
   */
  readonly signedInElsewhere?: (realm: RealmStore, accountId: AccountId, attempt: string) => Promise<boolean>
  /** Told of every message with a code that a sender was asked to take, for the audit trail. */
  readonly messageSent?: (sent: MessageSent) => Promise<void>
}

/** Every method there is, in the order in which they are offered. To add one: a folder, and a line here. */
export function createMethods(parts: MethodParts): readonly Method[] {
  return Object.freeze([
    createTotp(parts),
    createWebauthn(parts),
    createSms(parts),
    createApproval(parts),
    createRecoveryCode(parts),
    createAccessPass(parts),
  ])
}
