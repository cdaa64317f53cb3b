/** Reads Stryker's report and joins runs of groups into one summary. Pure: no file is touched here. */

/** The part of the mutation-testing report schema that is read. */
export interface StrykerReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly StrykerMutant[] }>>
}
interface StrykerMutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  readonly statusReason?: string
  readonly location: { readonly start: { readonly line: number; readonly column: number } }
}

export interface Survivor {
  readonly line: number
  readonly column: number
  readonly mutator: string
  readonly replacement: string
  /** `Survived`: its tests passed. `NoCoverage`: no test came by. */
  readonly status: string
}
export interface FileResult {
  readonly file: string
  /** Those that were tried: left out are only those that a comment in the source disables, with its reason. */
  readonly mutants: number
  readonly killed: number
  /** Per cent. */
  readonly score: number
  readonly survivors: readonly Survivor[]
  /** Disabled by a comment in the source, with its reason. */
  readonly explained: number
}
export interface MutationSummary {
  readonly name: 'mutation'
  readonly at: string
  readonly commit: string
  readonly files: number
  readonly mutants: number
  readonly killed: number
  readonly explained: number
  readonly score: number
  readonly results: readonly (FileResult & { readonly at: string; readonly commit: string })[]
}

/** A mutant that ends the test by time or breaks it in any other way was noticed. */
const noticed = new Set(['Killed', 'Timeout', 'RuntimeError', 'CompileError'])

const scoreOf = (killed: number, mutants: number): number => (mutants === 0 ? 100 : Math.floor((killed / mutants) * 1000) / 10)

export function readReport({ files }: StrykerReport): readonly FileResult[] {
  return Object.entries(files).map(([file, { mutants }]) => {
    const tried = mutants.filter(({ status }) => status !== 'Ignored')
    const killed = tried.filter(({ status }) => noticed.has(status)).length
    const survivors = tried
      .filter(({ status }) => !noticed.has(status))
      .map(({ location: { start }, mutatorName, replacement = '', status }) => ({
        line: start.line,
        column: start.column,
        mutator: mutatorName,
        replacement,
        status,
      }))
    return {
      file,
      mutants: tried.length,
      killed,
      score: scoreOf(killed, tried.length),
      survivors,
      explained: mutants.length - tried.length,
    }
  })
}

/** `results` replace what `before` has of the same files. */
export function joinResults(
  before: MutationSummary | undefined,
  results: readonly FileResult[],
  about: { readonly at: string; readonly commit: string },
): MutationSummary {
  const fresh = new Set(results.map(({ file }) => file))
  const kept = (before?.results ?? []).filter(({ file }) => !fresh.has(file))
  const all = [...kept, ...results.map((result) => ({ ...result, ...about }))].toSorted((one, other) =>
    one.file.localeCompare(other.file),
  )
  const sum = (of: (result: FileResult) => number): number => all.reduce((total, result) => total + of(result), 0)
  const mutants = sum((result) => result.mutants)
  const killed = sum((result) => result.killed)
  return {
    name: 'mutation',
    ...about,
    files: all.length,
    mutants,
    killed,
    explained: sum((result) => result.explained),
    score: scoreOf(killed, mutants),
    results: all,
  }
}
