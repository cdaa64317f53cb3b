/** Reads the last words of libFuzzer. Pure. */

export interface FuzzStatistics {
  readonly runs: number
  /** Places in the code that were reached, as libFuzzer counts them. */
  readonly edges: number
  readonly perSecond: number
}

export function readStatistics(said: string): FuzzStatistics {
  const last = (pattern: RegExp): number => Number([...said.matchAll(pattern)].at(-1)?.[1] ?? 0)
  return Object.freeze({
    // The closing figures, or the last line of progress where they did not come.
    runs: last(/^(?:stat::number_of_executed_units:\s+|#)(\d+)/gm),
    edges: last(/ cov: (\d+) /g),
    perSecond: last(/stat::average_exec_per_sec:\s+(\d+)/g),
  })
}
