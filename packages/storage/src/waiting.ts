/**
 * waiting bounds how long one request waits for the database, over all of its statements together.
 *
 * Each statement has a limit of its own, but a request of six statements, each just within it, would wait for half a
 * minute. Only time spent waiting for the database counts; what a request does besides, such as hashing a password, does
 * not. It does not end what the server still runs for us: its own limits do.
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { StorageUnavailable } from './errors.ts'

/** What one request has left. Milliseconds, of a clock that nobody sets. */
export class Waiting {
  readonly #limit: number
  readonly #now: () => number
  #spent = 0
  #underWay = 0
  #since = 0
  #over = false

  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit
    this.#now = now
  }

  /** The request is answered. What it has set going besides waits as if nobody had asked for it. */
  end(): void {
    this.#over = true
  }

  /** Statements that run side by side are waited for once. */
  left(): number {
    if (this.#over) return Number.POSITIVE_INFINITY
    const running = this.#underWay === 0 ? 0 : this.#now() - this.#since
    return Math.max(0, Math.floor(this.#limit - this.#spent - running))
  }

  /**
   * Waits as long as the request still may.
   * @throws {StorageUnavailable} `timeout`: nothing was begun, or `begin` has been told by its argument how long it had.
   */
  async during<T>(begin: (milliseconds: number) => Promise<T>): Promise<T> {
    const left = this.left()
    if (left === 0) throw new StorageUnavailable('timeout')
    if (this.#underWay === 0) this.#since = this.#now()
    this.#underWay += 1
    try {
      return await begin(left)
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#spent += this.#now() - this.#since
    }
  }
}

const requests = new AsyncLocalStorage<Waiting | undefined>()

/**
 * Whatever `work` asks of PostgreSQL, it waits `milliseconds` at most, in total; then it gets {@link StorageUnavailable}.
 * `end` is to be called when the request is answered: work that it leaves behind is not its own any more.
 */
export function limitWaiting<T>(milliseconds: number, work: (end: () => void) => T): T {
  const waiting = new Waiting(milliseconds)
  return requests.run(waiting, () => work(() => waiting.end()))
}

/** For work on behalf of many requests: none of them alone is to limit it. */
export const withoutLimit = <T>(work: () => T): T => requests.run(undefined, work)

/** Waits for `begin` as long as the request around us still may, or as long as it takes where there is none. */
export function waitFor<T>(begin: (milliseconds: number) => Promise<T>): Promise<T> {
  const waiting = requests.getStore()
  return waiting === undefined ? begin(Number.POSITIVE_INFINITY) : waiting.during(begin)
}

/**
 * For a read that many requests wait for together: it is bounded by the limits of its statements alone, and each waits for it as
 * long as it still may.
 */
export const waitForShared = <T>(begin: () => Promise<T>): Promise<T> => waitFor((left) => atMost(withoutLimit(begin), left))

/** The first of `wanted` and the end of `milliseconds`. What comes too late is handed to `returned`. */
export function atMost<T>(wanted: Promise<T>, milliseconds: number, returned: (late: T) => void = () => undefined): Promise<T> {
  if (milliseconds === Number.POSITIVE_INFINITY) return wanted
  return new Promise((resolve, reject) => {
    let over = false
    const timer = setTimeout(() => {
      over = true
      reject(new StorageUnavailable('timeout'))
    }, milliseconds)
    wanted.then(
      (value) => {
        clearTimeout(timer)
        if (over) returned(value)
        else resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
