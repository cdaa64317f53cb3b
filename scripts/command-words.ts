/**
 * The words after `pnpm bench`, `pnpm faults` and the other commands of the workshop, read alike: `--help` prints the usage and
 * ends with 0; wrong usage is one line and the usage, and ends with 2. Which words there are, each command says.
 */
import process from 'node:process'
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Flags = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Flags> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>
export type Words<T extends Flags> =
  | { readonly kind: 'help' }
  | { readonly kind: 'misused'; readonly problem: string }
  | { readonly kind: 'run'; readonly values: Parsed<T>['values']; readonly names: readonly string[] }

/**
 * Pure. `known`: the names that may stand without a flag, letter for letter; a function turns what was written into a name.
 * A `--` that a package manager hands on means nothing.
 */
export function parseWords<const T extends Flags>(
  words: readonly string[],
  flags: T,
  known: readonly string[] = [],
  nameOf: (word: string) => string = (word) => word,
): Words<T> {
  const given = words.filter((word) => word !== '--')
  if (given.some((word) => word === '--help' || word === '-h')) return { kind: 'help' }
  try {
    const { values, positionals } = parseArgs({ args: given, options: flags, allowPositionals: true })
    const unknown = positionals.filter((word) => !known.includes(nameOf(word)))
    if (unknown.length > 0) return { kind: 'misused', problem: `unknown: ${unknown.join(' ')}` }
    return { kind: 'run', values, names: positionals.map(nameOf) }
  } catch (error) {
    // Node explains at length how a name could begin with a dash: the first sentence tells it.
    const problem = error instanceof Error ? (error.message.split(/\. To specify|\n/)[0] ?? error.message) : String(error)
    return { kind: 'misused', problem }
  }
}

/** Ends the process for `--help` and wrong usage. `misused` is for what only the command can judge. */
export function readWords<const T extends Flags>(
  usage: string,
  flags: T,
  known?: readonly string[],
): { readonly values: Parsed<T>['values']; readonly names: readonly string[]; readonly misused: (problem: string) => never } {
  const parsed = parseWords(process.argv.slice(2), flags, known)
  if (parsed.kind === 'help') showUsage(usage)
  if (parsed.kind === 'misused') endMisused(parsed.problem, usage)
  return { ...parsed, misused: (problem) => endMisused(problem, usage) }
}

export function showUsage(usage: string): never {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}

export function endMisused(problem: string, usage: string): never {
  process.stderr.write(`${problem}\n${usage}\n`)
  process.exit(2)
}
