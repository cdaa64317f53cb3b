import { expect, test } from 'vitest'
import { type FoundReport, renderScoreboard } from './scoreboard-page.ts'

const machine = { processor: 'Test', cores: 2, memoryGiB: 4, platform: 'linux', versions: { node: '24' }, commit: 'abc' }
const bench = (measuredAt: string, value: number, seconds = 1): FoundReport => ({
  file: `policy-${measuredAt}.json`,
  writtenAt: new Date(0),
  content: {
    name: 'policy',
    what: 'policies',
    unit: 'per second',
    baselines: [],
    measured: [{ name: 'one', rates: [1, 2, 3], median: 2, lowest: 1, highest: 3 }],
    targets: [{ what: '100 policies', value, unit: 'µs', atMost: 50 }],
    notes: [],
    seconds,
    machine: { ...machine, measuredAt },
  },
})
const nothing = { benches: [], faults: undefined, conformance: undefined, attacks: [] }

test('what was not run says so', () => {
  const page = renderScoreboard(nothing)
  expect(page.match(/not run/gi)?.length).toBeGreaterThan(15)
  expect(page).not.toContain('reached')
})

test('the newest whole run counts, with its date and commit', () => {
  const page = renderScoreboard({
    ...nothing,
    benches: [bench('2026-01-02T00:00:00Z', 60), bench('2026-01-01T00:00:00Z', 10), bench('2026-01-03T00:00:00Z', 10, 0.2)],
  })
  expect(page).toContain('| `policy` 100 policies | 60.00 µs | at most 50.00 µs | **missed by 20 %** | 2026-01-02 00:00, `abc` |')
  expect(page).toContain('0 of 1 targets reached')
})

test('an experiment that passed nothing does not hold, and a violated invariant is counted', () => {
  const content = {
    held: 0,
    run: 1,
    requests: 3,
    experiments: [{ id: 'F1', title: 'Killed', passed: 0, total: 0, requests: 3, seconds: 1, complaints: [] }],
    invariants: [{ id: 'I1', claim: 'A code once', looked: 3, violations: 1 }],
    machine: {},
  }
  const page = renderScoreboard({ ...nothing, faults: { file: 'report.json', writtenAt: new Date(0), content } })
  expect(page).toContain('| F1 | Killed | 0 of 0 | 3 | 1 | **does not hold, or did not run** |')
  expect(page).toContain('1 of 1 invariants violated, 0 of them never looked at')
})

test('a fuzzer that crashed is told in bold', () => {
  const content = { name: 'sasl', at: '2026-01-01T00:00:00Z', minutes: 60, crashed: true, runs: 5, edges: 2, kept: 1 }
  const page = renderScoreboard({ ...nothing, attacks: [{ file: 'fuzz-sasl.json', writtenAt: new Date(0), content }] })
  expect(page).toContain('| sasl | 60.0 | 5 | 2 | 1 | **yes** | 2026-01-01 00:00 |')
})
