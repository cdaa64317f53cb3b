/** The words after `pnpm faults`, parsed. Pure. */
import { parseWords } from './command-words.ts'

export interface FaultArguments {
  /** Empty: all. */
  readonly names: readonly string[]
  readonly minutes: number
  readonly seed: number | undefined
  readonly install: boolean
}

export function parseFaultArguments(
  words: readonly string[],
  known: readonly string[],
): FaultArguments | { readonly problem: string } | 'help' {
  const flags = { minutes: { type: 'string' }, seed: { type: 'string' }, install: { type: 'boolean' } } as const
  const parsed = parseWords(words, flags, known, (word) => word.toUpperCase())
  if (parsed.kind === 'help') return 'help'
  if (parsed.kind === 'misused') return { problem: parsed.problem }
  const { minutes, seed, install } = parsed.values
  const isNumber = (text: string | undefined) => text === undefined || /^\d+(\.\d+)?$/.test(text)
  if (!isNumber(minutes)) return { problem: '--minutes needs a number' }
  if (!isNumber(seed) || seed?.includes('.')) return { problem: '--seed needs a whole number' }
  return {
    names: parsed.names,
    minutes: Number(minutes ?? 0),
    seed: seed === undefined ? undefined : Number(seed),
    install: install ?? false,
  }
}
