import type { OutgoingMessage } from '@postern/mfa'
import type { Patience } from './patience.ts'

/**
 * What one sender did with a message. `not_taken` is a promise: it is certain that the message is not on its way, so that
 * another sender may have it. Whoever is not certain says `unknown`. `code` is for the log: never a number, never text.
 */
export type Handover = Readonly<
  | { outcome: 'accepted'; reference?: string }
  | { outcome: 'not_taken'; because: 'refused' | 'busy' | 'unreachable'; code: string }
  | { outcome: 'unknown'; code: string }
>

/** One way out for messages: an SMPP centre, a web service. */
export interface Sender {
  /** Unique among the senders; stands in the log, in metrics and in `Delivery`. */
  readonly name: string
  readonly channels: readonly OutgoingMessage['channel'][]
  /** Tries once. Answers within `patience`; a throw is a fault and counts as `unknown`. */
  send(message: OutgoingMessage, patience: Patience): Promise<Handover>
  /** Calls `listener` whenever the sender learns by itself that it can be used again. */
  onRecovered?(listener: () => void): void
  close(): Promise<void>
}
