/**
 * Asks again where a service asked for time (`Retry-After`, RFC 9110 section 10.2.3), a few times and no sooner than it said.
 *
 * It owns how long and how often. A service that fails without naming a time is left alone.
 */

export type Patience = Readonly<{
  fetch?: typeof fetch
  /** Milliseconds. Default: really. */
  wait?: (milliseconds: number) => Promise<void>
}>

const MOST_TRIES = 3
const LONGEST_SECONDS = 60
const BUSY = new Set([429, 503])

/** A `fetch` that waits. An answer that asks for more than a minute is given back as it is. */
export function patientFetch({ fetch: request = fetch, wait = pause }: Patience = {}): typeof fetch {
  return async (input, init) => {
    for (let tries = 1; ; tries += 1) {
      const response = await request(input, init)
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
      const mayWait = BUSY.has(response.status) && seconds >= 0 && seconds <= LONGEST_SECONDS
      if (!mayWait || tries >= MOST_TRIES) return response
      await response.body?.cancel()
      await wait(Math.max(1, seconds) * 1000)
    }
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
