/**
 * secret-memory remembers for a short time what came of checking a secret, so that an app that sends the same one at every
 * request costs one HMAC in place of a hash.
 *
 * It owns for how long, how many, and how often somebody may look. It does not own checking: whoever remembers an answer has
 * just checked the secret. It never holds a secret, nor a digest that anybody without the key of this process could try secrets
 * against; the key ends with the process.
 * @module
 */
import { createHmac, createSecretKey, hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { createGenerations } from './generations.ts'

/** A secret, and everything on which the answer about it hangs. With any of them changed it is another one. */
export type CheckedSecret = Readonly<{
  /** What the secret is for, so that uses are kept apart. */
  purpose: string
  /** Whose it is. */
  subject: string
  /** Of what the secret was compared with, e.g. the stored hash: what replaces it forgets every answer. */
  version: string
  secret: string
  /**
   * Where it came from, e.g. a network and an app. A right answer holds for the place that showed it, and for no other. For
   * wrong ones it is of no effect.
   */
  place?: string
}>

/** `times`: how often it was remembered as wrong since the first time. */
export type RememberedAnswer = Readonly<{ answer: 'right' }> | Readonly<{ answer: 'wrong'; times: number }>

export interface SecretMemory {
  /**
   * What came of it the last time. `undefined`: not known, or not any more.
   *
   * Looking is guessing: nobody counts here. So each look with another secret at a place that holds a right answer counts as a
   * miss, and the fifth forgets the right answer. Looks are never interleaved, so that holds for any number of tries in flight.
   * A secret that is known to be wrong is no miss.
   */
  find(tried: CheckedSecret): RememberedAnswer | undefined
  /** A right answer lives anew; a wrong one is over when the first of its kind would be, however often it comes. */
  remember(tried: CheckedSecret, answer: 'right' | 'wrong'): void
  /** Answers held now, those included that are over and were not looked at since. */
  readonly size: number
}

export const longestRightSeconds = 300
export const longestWrongSeconds = 24 * 3600
/** As many wrong ones as the gate hears at once, see `codeRules`. */
const missesHeard = 5

/** Neither before it was learned, as clocks are put back, nor from its end on. */
type Lived = Readonly<{ since: number; until: number }>
type Right = Lived & { readonly digest: string; misses: number }
type Wrong = Lived & { times: number }

/**
 * @throws {TypeError} for a key of less than 32 bytes, for times that are no whole numbers from 1 to 300 (right) or 86,400
 *   (wrong), and for a `most` that is no whole number
 */
export function createSecretMemory(parts: {
  readonly clock: Clock
  /** Random, of this process alone, at least 32 bytes. */
  readonly key: Uint8Array
  /** Answers of each kind that are held. Fewer than 2: nothing is remembered. An entry takes some 250 bytes. Default 50,000. */
  readonly most?: number
  readonly rightSeconds?: number
  readonly wrongSeconds?: number
}): SecretMemory {
  const { clock, most = 50_000, rightSeconds = longestRightSeconds, wrongSeconds = longestWrongSeconds } = parts
  if (parts.key.length < 32) throw new TypeError('The key of a memory of secrets has at least 32 bytes.')
  if (!Number.isInteger(most) || most < 0) throw new TypeError('A memory of secrets holds a whole number of answers.')
  requireSeconds(rightSeconds, longestRightSeconds)
  requireSeconds(wrongSeconds, longestWrongSeconds)
  const key = createSecretKey(parts.key)
  const rights = createGenerations<Right>(most)
  const wrongs = createGenerations<Wrong>(most)

  /** As JSON, since no two lists have one spelling. */
  const secretOf = ({ purpose, subject, version, secret }: CheckedSecret): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([purpose, subject, version, secret]))
      .digest('base64url')
  // Nothing of it is secret: it is digested so that each takes the same room.
  const placeOf = ({ purpose, subject, place = '' }: CheckedSecret): string =>
    hash('sha256', JSON.stringify([purpose, subject, place]), 'base64url')

  return Object.freeze({
    find(tried: CheckedSecret): RememberedAnswer | undefined {
      const now = clock().getTime()
      const digest = secretOf(tried)
      const wrong = wrongs.find(digest)
      if (wrong !== undefined && isAlive(wrong, now)) return Object.freeze({ answer: 'wrong', times: wrong.times })
      const place = placeOf(tried)
      const right = rights.find(place)
      if (right === undefined) return undefined
      // Both are digests under a key that nobody knows, so how long it takes to compare them tells nothing.
      if (isAlive(right, now) && right.digest === digest) return Object.freeze({ answer: 'right' })
      right.misses += 1
      if (right.misses >= missesHeard || right.until <= now) rights.forget(place)
      return undefined
    },

    remember(tried: CheckedSecret, answer: 'right' | 'wrong'): void {
      requireWhole(tried)
      const since = clock().getTime()
      const digest = secretOf(tried)
      if (answer === 'right') {
        wrongs.forget(digest)
        rights.keep(placeOf(tried), { digest, since, until: since + rightSeconds * 1000, misses: 0 })
        return
      }
      const before = wrongs.find(digest)
      if (before !== undefined && isAlive(before, since)) before.times += 1
      else wrongs.keep(digest, { since, until: since + wrongSeconds * 1000, times: 1 })
    },

    get size() {
      return rights.size + wrongs.size
    },
  } satisfies SecretMemory)
}

const isAlive = ({ since, until }: Lived, now: number): boolean => since <= now && now < until

function requireSeconds(seconds: number, longest: number): void {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > longest)
    throw new TypeError(`An answer about a secret is remembered for 1 to ${longest} seconds.`)
}

/** An answer that hangs on nothing would be everybody's. */
function requireWhole({ purpose, subject, version }: CheckedSecret): void {
  if (purpose === '' || subject === '' || version === '')
    throw new TypeError('What is remembered of a secret names its purpose, its subject and its version.')
}
