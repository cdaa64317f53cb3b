/**
 * guesses tells different wrong answers apart by short digests, so that one that comes again and again is counted once.
 *
 * It owns how `AttemptState.seen` is written. It does not own digests: whoever counts hands them in, keyed, so that the
 * database alone does not tell what was typed.
 *
 * What is kept is a list. A guess that was counted stands there as `<digest>.<origin>`, and each time it came again as
 * `<digest>` alone, at most twice. So the list is at most three times as long as a window has failures.
 * @module
 */

/** One answer, without the answer. Two that are equal have equal digests. */
export type Guess = Readonly<{
  /** Keyed, 48 bits, base64url. Two different answers of one window share it once in 10^13 windows. */
  digest: string
  /** Keyed digest of where it came from. Without one, the share of one origin does not bound it. */
  origin?: string
}>

/** How often one guess is written down. The last time is the one at which somebody is told. */
const timesKept = 3

const isFirst = (entry: string, { digest }: Guess): boolean => entry.startsWith(`${digest}.`)

export const isSeen = (seen: readonly string[], guess: Guess): boolean => seen.some((entry) => isFirst(entry, guess))

/** How many different guesses of the window came from this one's origin first. */
export const originCount = (seen: readonly string[], guess: Guess | undefined): number =>
  guess?.origin === undefined ? 0 : seen.filter((entry) => entry.endsWith(`.${guess.origin}`)).length

export const withFirst = (seen: readonly string[], { digest, origin = '' }: Guess): readonly string[] =>
  Object.freeze([...seen, `${digest}.${origin}`])

export const withRepeat = (seen: readonly string[], guess: Guess): readonly string[] =>
  timesOf(seen, guess.digest) < timesKept ? Object.freeze([...seen, guess.digest]) : seen

export const withoutGuess = (seen: readonly string[], guess: Guess): readonly string[] =>
  Object.freeze(seen.filter((entry) => entry !== guess.digest && !isFirst(entry, guess)))

/** Whether one guess alone stands for this: it was counted, and nobody has repeated it. */
export const isUnrepeated = (seen: readonly string[], guess: Guess): boolean => timesOf(seen, guess.digest) === 1

/** Whether writing this guess down once more makes it the first of the window that came three times. */
export function startsStaleness(seen: readonly string[], { digest }: Guess): boolean {
  const digests = new Set(seen.map(digestOf))
  return timesOf(seen, digest) === timesKept - 1 && [...digests].every((one) => timesOf(seen, one) < timesKept)
}

const digestOf = (entry: string): string => entry.split('.', 1)[0] ?? ''

const timesOf = (seen: readonly string[], digest: string): number => seen.filter((entry) => digestOf(entry) === digest).length
