import { expect, it } from 'vitest'
import { parseFaultArguments } from './fault-arguments.ts'
import { renderFaultTables } from './fault-tables.ts'

const ran = (id: string, passed: number, violations: readonly string[] = [], fault?: string) => ({
  ...{ id, title: `what ${id} does`, seed: 7, seconds: 1, result: { passed, total: 2, requests: 10 } },
  checked: { looked: { I1: 3, I2: 0 }, violations: violations.map((invariant) => ({ invariant })) },
  ...(fault === undefined ? {} : { fault }),
})
const invariants = [
  { id: 'I1', claim: 'one' },
  { id: 'I2', claim: 'two' },
]

it('counts an experiment as held where every case held, nothing was violated and nothing ended it', () => {
  const all = [ran('F1', 2), ran('F2', 1), ran('F3', 2, ['I2']), ran('F4', 2, [], 'it fell over'), ran('random', 2)]
  const { summary, text } = renderFaultTables(all, invariants, 7)
  expect(summary).toMatchObject({ held: 1, run: 4, histories: 1, requests: 50 })
  expect(summary.invariants).toEqual([
    { id: 'I1', claim: 'one', looked: 15, violations: 0 },
    { id: 'I2', claim: 'two', looked: 0, violations: 1 },
  ])
  expect(summary.blind).toEqual(['I2'])
  expect(text).toContain('I2 had nothing to look at')
  expect(text).toContain(
    '1 of 4 experiments hold, and 1 of 1 random histories; 1 of 2 invariants violated, 1 never looked at; 50 requests; seed 7',
  )
})

it('reads names, minutes and a seed, and says what it does not know', () => {
  const parse = (words: string) => parseFaultArguments(words.split(' '), ['F1', 'F9'])
  expect(parse('f1 F9 --minutes 30 --seed 5 --install')).toEqual({ names: ['F1', 'F9'], minutes: 30, seed: 5, install: true })
  expect(parse('--help')).toBe('help')
  for (const wrong of ['F23', '--seed', '--seed 1.5', '--minutes -1', '--what']) expect(parse(wrong)).toHaveProperty('problem')
})
