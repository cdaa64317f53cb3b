/** The corpora of `pnpm fuzz`, one input after the other: what was once interesting must stay harmless. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readStatistics } from './fuzz-statistics.ts'
import { fuzzTargets } from './fuzz-targets.ts'
import { isEnough } from './newer-libc.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const targets = await fuzzTargets(ROOT)

describe('the kept corpora', () => {
  it('belong to a target each', async () => {
    const kept = await readdir(join(ROOT, 'test/attack/corpora'))
    expect(kept.toSorted()).toEqual(targets.map(({ name }) => name).toSorted())
  })

  it.each(targets)('of $name holds inputs that are refused or read, and nothing else', async ({ name, file }) => {
    const { fuzz } = (await import(file)) as { fuzz: (data: Buffer) => void } // every target exports just that
    const folder = join(ROOT, 'test/attack/corpora', name)
    const inputs = await readdir(folder)
    expect(inputs.length).toBeGreaterThan(2)
    for (const input of inputs) fuzz(await readFile(join(folder, input)))
  })
})

it('the last words of libFuzzer are read', () => {
  const said =
    '#12\tREDUCE cov: 26 ft: 26\n#99\tDONE   cov: 31 ft: 40 corp: 7\nstat::number_of_executed_units: 429028\nstat::average_exec_per_sec:     47669\n'
  expect(readStatistics(said)).toEqual({ runs: 429_028, edges: 31, perSecond: 47_669 })
  expect(readStatistics('')).toEqual({ runs: 0, edges: 0, perSecond: 0 })
})

it.each([
  ['2.36', false],
  ['2.38', true],
  ['2.41', true],
  ['3.0', true],
  [undefined, true],
])('glibc %s is enough: %s', (version, enough) => {
  expect(isEnough(version)).toBe(enough)
})
