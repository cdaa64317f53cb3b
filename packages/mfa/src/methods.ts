import type { Clock } from './clock.ts'
import type { Method } from './method.ts'
import type { MessageSender } from './sms/message-sender.ts'
import { createTotp } from './totp/totp.ts'
import { createWebauthn } from './webauthn/webauthn.ts'

/** What methods are made from. */
export interface MethodParts {
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  /** Keyed digest (e.g. HMAC-SHA-256 under a key of this installation) of what is only compared. `what` separates the uses. */
  readonly digest: (what: string, ...values: readonly string[]) => Uint8Array
  readonly messages: MessageSender
  /** WebAuthn: `id` is the host name that credentials belong to; `origins` those that a browser may name. */
  readonly relyingParty: Readonly<{ id: string; origins: readonly string[] }>
}

/** Every method there is, in the order in which they are offered. To add one: a folder, and a line here. */
export function createMethods(parts: MethodParts): readonly Method[] {
  return Object.freeze([
    createTotp(parts), //
    createWebauthn(parts),
  ])
}
