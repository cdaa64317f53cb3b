/**
 * load sends many requests side by side and keeps what came of each, in counts and times. It judges nothing.
 * @module
 */

export interface Outcome {
  /** 0: no answer. */
  readonly status: number
  readonly milliseconds: number
}

export interface LoadResult {
  readonly outcomes: readonly Outcome[]
  /** How many ended with each status. */
  readonly byStatus: Readonly<Record<string, number>>
  readonly slowest: number
  /** The time within which `share` of them ended, in milliseconds. */
  within(share: number): number
}

/** `ask` is called `total` times, at most `sideBySide` of them under way at once. */
export async function load(options: {
  total: number
  sideBySide: number
  ask: (index: number) => Promise<number>
}): Promise<LoadResult> {
  const outcomes: Outcome[] = []
  let next = 0
  const run = async (): Promise<void> => {
    while (next < options.total) {
      const index = next
      next += 1
      const began = performance.now()
      const status = await options.ask(index)
      outcomes.push({ status, milliseconds: performance.now() - began })
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.sideBySide, options.total) }, run))
  return summarise(outcomes)
}

export function summarise(outcomes: readonly Outcome[]): LoadResult {
  const times = outcomes.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b)
  const byStatus: Record<string, number> = {}
  for (const { status } of outcomes) byStatus[status] = (byStatus[status] ?? 0) + 1
  const within = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0
  return Object.freeze({ outcomes: Object.freeze([...outcomes]), byStatus: Object.freeze(byStatus), slowest: within(1), within })
}
