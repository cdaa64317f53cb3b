/** Finds the targets of `pnpm fuzz`: every `x.fuzz.ts` of packages and examples, by the name `x`. */
import { glob } from 'node:fs/promises'
import { basename, join } from 'node:path'

export interface FuzzTarget {
  readonly name: string
  readonly file: string
}

export async function fuzzTargets(root: string): Promise<readonly FuzzTarget[]> {
  const found: string[] = []
  for await (const file of glob('{packages,examples}/*/src/**/*.fuzz.ts', { cwd: root })) found.push(file)
  return found.toSorted().map((file) => ({ name: basename(file, '.fuzz.ts'), file: join(root, file) }))
}
