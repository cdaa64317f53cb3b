import type { AccountId } from '../identifiers.ts'

/** An e-mail that is still to be sent. Written in the transaction of what it tells about, so that neither is without the other. */
export interface OutgoingMail {
  readonly id: string
  readonly accountId?: AccountId
  /** One address. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly createdAt: Date
  /** No try before this. */
  readonly nextTryAt: Date
  readonly tries: number
  /** Given up after this. */
  readonly expiresAt: Date
}

export interface OutboxStore {
  add(mail: OutgoingMail): Promise<void>
  /**
   * Takes at most `limit` that are due and that nobody else has taken, and keeps others from them until `until`, when an
   * unfinished one is due again; their `nextTryAt` is that moment. Oldest first; none that is given up. Never waits for others.
   */
  take(due: { now: Date; until: Date; limit: number }): Promise<readonly OutgoingMail[]>
  /** It was sent, or never will be. */
  remove(id: string): Promise<boolean>
  /** It was not sent; counts the try. */
  postpone(id: string, nextTryAt: Date): Promise<boolean>
}
