/** The words after `pnpm faults`, parsed. Pure. */

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
): FaultArguments | { readonly problem: string } {
  const names: string[] = []
  let minutes = 0
  let seed: number | undefined
  let install = false
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') continue
    if (word === '--install') install = true
    else if (word === '--minutes' || word === '--seed') {
      at += 1
      const value = Number(words[at])
      if (!Number.isFinite(value) || value < 0 || (word === '--seed' && !Number.isInteger(value)))
        return { problem: `${word} needs a number` }
      if (word === '--minutes') minutes = value
      else seed = value
    } else if (known.includes(word.toUpperCase())) names.push(word.toUpperCase())
    else return { problem: `unknown: ${word}. Known are ${known.join(', ')}.` }
  }
  return { names, minutes, seed, install }
}
