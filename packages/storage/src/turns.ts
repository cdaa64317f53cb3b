/**
 * Lets pieces of work run one after the other, in the order in which they came.
 * A transaction has one session, and PostgreSQL answers one statement of a session at a time.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  /** Runs `work` when everything before it is over, whether that succeeded or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new TypeError('The transaction has ended; this statement came too late'))
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined) // the caller of `take` hears of it
    return mine
  }

  /** Takes nothing more and waits for what was taken. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }
}
