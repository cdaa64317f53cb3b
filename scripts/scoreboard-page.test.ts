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
const nothing = { benches: [], faults: [], faultTable: { experiments: [], invariants: [] }, conformance: undefined, attacks: [] }

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

const faultTable = {
  experiments: [
    { id: 'F1', title: 'Killed' },
    { id: 'F2', title: 'Cut' },
    { id: 'F3', title: 'Late' },
  ],
  invariants: [
    { id: 'I1', claim: 'A code once' },
    { id: 'I2', claim: 'A family once' },
  ],
}
const faultRun = (
  date: string,
  commit: string,
  ids: Readonly<Record<string, number>>,
  looked = 3,
  violations = 0,
): FoundReport => ({
  file: `${date}.json`,
  writtenAt: new Date(0),
  content: {
    ...{ date, commit, machine: {}, seed: 7 },
    experiments: Object.entries(ids).map(([id, passed]) => ({
      ...{ id, title: `${id} now`, passed, total: 2, requests: 3, seconds: 1, seed: 7, complaints: [] },
    })),
    invariants: [
      { id: 'I1', claim: 'A code once', looked, violations },
      { id: 'I2', claim: 'A family once', looked: 0, violations: 0 },
    ],
  },
})

test('every experiment has its row, by its newest run, and what was not run says so', () => {
  const faults = [faultRun('2026-01-02', 'new', { F1: 1 }, 3, 1), faultRun('2026-01-01', 'old', { F1: 2, F2: 2 })]
  const page = renderScoreboard({ ...nothing, faultTable, faults })
  expect(page).toContain('| F1 | F1 now | 1 of 2 | 3 | 1 | 7 | **does not hold** | 2026-01-02, `new` |')
  expect(page).toContain('| F2 | F2 now | 2 of 2 | 3 | 1 | 7 | holds | 2026-01-01, `old` |')
  expect(page).toContain('| F3 | Late |  |  |  |  | not run |  |')
  expect(page).toContain('2 of 3 experiments run, 1 of these hold. 1 of 2 invariants violated, 1 never looked at.')
  expect(page).toContain('| I1 | A code once | 6 | 1 |')
  expect(page).toContain('| I2 | A family once | never |  |')
})

test('a run of the kit says of how many modules, on what, and why something was skipped', () => {
  const finding = { verdict: 'skip', expected: 'a strong sign-in', seen: 'nothing given', because: 'Nobody asks for it.' }
  const results = [
    { name: 'one', area: 'issuer', verdict: 'pass', findings: [] },
    { name: 'one (form_post)', area: 'issuer', verdict: 'skip', findings: [finding] },
    { name: 'two', area: 'client', verdict: 'fail', findings: [{ verdict: 'fail', expected: 'a no', seen: 'a yes' }] },
  ]
  const content = { startedAt: '2026-01-01T00:00', counts: { pass: 1, fail: 1, skip: 1 }, results, machine }
  const page = renderScoreboard({ ...nothing, conformance: { file: 'report.json', writtenAt: new Date(0), content } })
  expect(page).toContain('commit `abc`, Test, 2 cores, 4 GiB, Node 24. 3 runs of 2 modules: 1 pass, 1 fail, 1 skip.')
  expect(page).toContain('| `one (form_post)` | skip | Nobody asks for it. |')
  expect(page).toContain('| `two` | fail | expected: a no; seen: a yes. |')
})

test('a fuzzer that crashed is told in bold', () => {
  const content = { name: 'sasl', at: '2026-01-01T00:00:00Z', minutes: 60, crashed: true, runs: 5, edges: 2, kept: 1 }
  const page = renderScoreboard({ ...nothing, attacks: [{ file: 'fuzz-sasl.json', writtenAt: new Date(0), content }] })
  expect(page).toContain('| sasl | 60 | 5 | 2 | 1 | **yes** | 2026-01-01 00:00 |')
})

test('a fuzzer that had less than its hour is told to be short', () => {
  const content = { name: 'sasl', at: '2026-01-01T00:00:00Z', minutes: 0.2, crashed: false, runs: 5, edges: 2, kept: 1 }
  const page = renderScoreboard({ ...nothing, attacks: [{ file: 'fuzz-sasl.json', writtenAt: new Date(0), content }] })
  expect(page).toContain('| sasl | 0.2 of 60, short | 5 |')
})
