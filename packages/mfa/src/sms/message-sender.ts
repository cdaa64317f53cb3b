/** A code on its way to a telephone. */
export interface OutgoingMessage {
  /** The same for every try to send this very message, so that a sender that remembers can refuse a second one. */
  readonly id: string
  /** E.164, e.g. `+4915112345678`. */
  readonly to: string
  /** The whole text, in the person's language; for `voice` it is read out. Holds the code: never to be logged. */
  readonly text: string
  readonly channel: 'sms' | 'voice'
  /** BCP 47, for `voice`. */
  readonly language: string
}

/**
 * What became of a message. `accepted`: some sender has taken it. `undeliverable`: it is certain that none has.
 * `unknown`: it may have been taken; sending it again could deliver it twice, so nobody does by himself.
 */
export type Delivery = Readonly<
  | { outcome: 'accepted'; sender: string }
  | { outcome: 'undeliverable'; because: 'no_sender' | 'refused' | 'unreachable' }
  | { outcome: 'unknown'; sender: string }
>

/** Implemented by sts/delivery over SMPP and HTTP, with fail-over between them. Answers within 3 seconds. Never throws. */
export interface MessageSender {
  send(message: OutgoingMessage): Promise<Delivery>
}
