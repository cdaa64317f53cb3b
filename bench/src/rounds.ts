/**
 * rounds measures contestants side by side: alternating, several times over, so that a slow minute of the machine hits all of
 * them alike. Medians and spreads of one run; ratios only between contestants of that run.
 */

export interface Contestant {
  readonly name: string
  /** Runs for about `milliseconds` and tells how many operations per second were done. */
  readonly measure: (milliseconds: number) => Promise<number>
}

export interface Measured {
  readonly name: string
  /** Operations per second, one for each round. */
  readonly rates: readonly number[]
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const at = (index: number) => sorted[index] ?? Number.NaN
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2
}

const summary = (name: string, rates: readonly number[]): Measured => ({
  name,
  rates,
  median: medianOf(rates),
  lowest: Math.min(...rates),
  highest: Math.max(...rates),
})

/** What several contestants make together, round by round, as if it had been measured itself. */
export function combine(name: string, parts: readonly Measured[], together: (rates: readonly number[]) => number): Measured {
  const rounds = Math.min(...parts.map(({ rates }) => rates.length))
  const rates = Array.from({ length: rounds }, (_, round) => together(parts.map((one) => one.rates[round] ?? Number.NaN)))
  return summary(name, rates)
}

/** Runs every contestant once for warming, then `rounds` times; every second round goes backwards. */
export async function measureInRounds(
  contestants: readonly Contestant[],
  options: { readonly rounds: number; readonly milliseconds: number; readonly onRound?: (round: number) => void },
): Promise<readonly Measured[]> {
  if (options.rounds < 5) throw new TypeError('a median of fewer than five rounds says little')
  const rates = new Map<string, number[]>(contestants.map((one) => [one.name, []]))
  for (const one of contestants) await one.measure(options.milliseconds / 2)
  for (let round = 0; round < options.rounds; round += 1) {
    options.onRound?.(round)
    for (const one of round % 2 === 0 ? contestants : contestants.toReversed()) {
      rates.get(one.name)?.push(await one.measure(options.milliseconds))
    }
  }
  return contestants.map(({ name }) => summary(name, rates.get(name) ?? []))
}

/**
 * A contestant whose operation runs in this process. `operation` does a batch and tells how many it did; the clock is read
 * only between batches, so that reading it costs nothing per operation.
 */
export function inProcess(name: string, operation: () => number | Promise<number>): Contestant {
  return {
    name,
    measure: async (milliseconds) => {
      const start = performance.now()
      let done = 0
      let elapsed = 0
      do {
        done += await operation()
        elapsed = performance.now() - start
      } while (elapsed < milliseconds)
      return (done / elapsed) * 1000
    },
  }
}
