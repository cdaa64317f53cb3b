/** Renders the scoreboard. Pure: what runs left goes in, a page of Markdown comes out. Every figure with its date, machine and commit. */
import { judge, type Result, renderTargets } from '../bench/src/table.ts'

export interface FoundReport {
  readonly file: string
  readonly writtenAt: Date
  readonly content: Readonly<Record<string, unknown>>
}

export interface FoundReports {
  readonly benches: readonly FoundReport[]
  /** One for each run. */
  readonly faults: readonly FoundReport[]
  /** What the laboratory has, run or not. */
  readonly faultTable: FaultTable
  /** `because` of a skipped finding is the written reason. */
  readonly conformance: FoundReport | undefined
  readonly attacks: readonly FoundReport[]
}

export interface FaultTable {
  readonly experiments: readonly { readonly id: string; readonly title: string }[]
  readonly invariants: readonly { readonly id: string; readonly claim: string }[]
}

/** The time each fuzzer is to have. */
const fuzzMinutes = 60

/** In the order in which they are read. A bench that is not here is not shown. */
const BENCHES = [
  'client-credentials',
  'actor-tokens',
  'refresh-rotation',
  'code-exchange',
  'validator',
  'actor-validation',
  'signin',
  'mail-gate',
  'policy',
  'start-memory',
  'growth',
  'workers',
  'clean-up',
  'phones',
  'enforcement-import',
] as const

type Bench = Result & { readonly seconds: number }

const row = (cells: readonly unknown[]): string =>
  `| ${cells.map((one) => String(one ?? '').replaceAll('|', '\\|')).join(' | ')} |`
const table = (titles: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [row(titles), row(titles.map(() => '---')), ...rows.map(row)].join('\n')
const list = (value: unknown): readonly Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value : [])
const dayOf = (time: unknown): string => String(time).slice(0, 16).replace('T', ' ')

/** The newest whole run of a bench. One that was cut short, to see whether it works, is no figure. */
function newest(benches: readonly FoundReport[], name: string): Bench | undefined {
  const whole = benches.map(({ content }) => content as unknown as Bench).filter((one) => one.name === name && one.seconds >= 1)
  return whole.toSorted((one, other) => one.machine.measuredAt.localeCompare(other.machine.measuredAt)).at(-1)
}

const cores = (machine: Bench['machine']): string => `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB`

function renderBenches(benches: readonly FoundReport[]): string {
  const found = BENCHES.map((name) => ({ name, bench: newest(benches, name) }))
  const targets = found.flatMap(({ bench }) => bench?.targets ?? [])
  const reached = targets.filter((one) => judge(one) === 'reached').length
  const overview = found.flatMap(({ name, bench }) => {
    if (bench === undefined) return [[`\`${name}\``, 'not run', '', '', '']]
    const about = `${dayOf(bench.machine.measuredAt)}, \`${bench.machine.commit ?? 'unknown'}\``
    if (bench.targets === undefined) return [[`\`${name}\``, 'no target', '', '', about]]
    const rows = renderTargets(bench.targets).slice(2)
    return rows.map((line) => {
      const [what, measured, wanted, verdict] = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))
      return [`\`${name}\` ${what}`, measured, wanted, verdict === 'reached' ? 'reached' : `**${verdict}**`, about]
    })
  })
  const details = found.flatMap(({ bench }) => (bench === undefined ? [] : [renderBench(bench)]))
  return [
    '## Benchmarks',
    '',
    targets.length === 0 ? 'Not run.' : `${reached} of ${targets.length} targets reached in the runs shown.`,
    '',
    table(['bench', 'measured', 'wanted', '', 'when, commit'], overview),
    '',
    ...details,
  ].join('\n')
}

const figure = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3))

function renderBench({ name, what, unit, measured, notes, machine }: Bench): string {
  return [
    `### ${name}`,
    '',
    `${what.charAt(0).toUpperCase()}${what.slice(1)}. ${dayOf(machine.measuredAt)}, commit \`${machine.commit ?? 'unknown'}\`, ${cores(machine)}, Node ${machine.versions.node}.`,
    '',
    table(
      ['contestant', `${unit}, median of ${measured[0]?.rates.length ?? 0}`, 'lowest - highest'],
      measured.map((one) => [one.name, figure(one.median), `${figure(one.lowest)} - ${figure(one.highest)}`]),
    ),
    '',
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n')
}

/** All experiments, each by its newest run. Invariants are counted over every run that gave one of the rows. */
function renderFaults(reports: readonly FoundReport[], { experiments, invariants }: FaultTable): string {
  const newestFirst = reports.toSorted((one, other) => String(other.content.date).localeCompare(String(one.content.date)))
  const found = experiments.map(({ id, title }) => {
    const report = newestFirst.find(({ content }) => list(content.experiments).some((one) => one.id === id && isRun(one)))
    return { id, title, report, ran: list(report?.content.experiments).find((one) => one.id === id) }
  })
  const shown = [...new Set(found.map(({ report }) => report).filter((one) => one !== undefined))]
  const holds = (one: Readonly<Record<string, unknown>>) =>
    list(one.complaints).length === 0 && one.passed === one.total && one.total !== 0
  const ran = found.map(({ ran: one }) => one).filter((one) => one !== undefined)
  const counted = invariants.map(({ id, claim }) => {
    const told = shown.flatMap(({ content }) => list(content.invariants).filter((one) => one.id === id))
    const sum = (name: string) => told.reduce((total, one) => total + Number(one[name] ?? 0), 0)
    return { id, claim, looked: sum('looked'), violations: sum('violations') }
  })
  const violated = counted.filter(({ violations }) => violations > 0).length
  const unseen = counted.filter(({ looked }) => looked === 0).length
  const requests = ran.reduce((total, one) => total + Number(one.requests), 0)
  return [
    '## Fault laboratory',
    '',
    `${ran.length} of ${experiments.length} experiments run, ${ran.filter(holds).length} of these hold. ${violated} of ${counted.length} invariants violated, ${unseen} never looked at. ${requests.toLocaleString('en-US')} requests.${ran.length < experiments.length ? ' `pnpm faults` runs them all.' : ''}`,
    '',
    table(
      ['', 'experiment', 'passed', 'requests', 'seconds', 'seed', '', 'when, commit'],
      found.map(({ id, title, report, ran: one }) =>
        report === undefined || one === undefined
          ? [id, title, '', '', '', '', 'not run', '']
          : [
              ...[id, one.title, `${one.passed} of ${one.total}`, one.requests, one.seconds, one.seed],
              holds(one) ? 'holds' : '**does not hold**',
              `${dayOf(report.content.date)}, \`${report.content.commit}\``,
            ],
      ),
    ),
    '',
    ...shown.map(({ content }) => {
      const machine = Object(content.machine) as Record<string, unknown>
      return `- ${dayOf(content.date)}: ${machine.model}, ${machine.processors} cores, Node ${machine.node}; seed ${content.seed}`
    }),
    ...(shown.length === 0 ? [] : ['']),
    table(
      ['', 'invariant', 'looked at', 'violations'],
      counted.map((one) => [one.id, one.claim, one.looked === 0 ? 'never' : one.looked, one.looked === 0 ? '' : one.violations]),
    ),
    '',
  ].join('\n')
}

/** One that lacked a program of the system, or was ended before its first case, was not run. */
const isRun = (one: Readonly<Record<string, unknown>>): boolean =>
  Number(one.total) > 0 || !String((Array.isArray(one.complaints) ? one.complaints : [])[0]).includes('not run')

/** The same module counts apart where it was run again: by form_post, or against the library alone. */
const apart = (one: Readonly<Record<string, unknown>>): string =>
  [one.area, / \((.*)\)$/.exec(String(one.name))?.[1]].filter((word) => word !== undefined).join(', ')

function renderConformance(report: FoundReport | undefined): string {
  if (report === undefined) return '## Conformance\n\nNot run. `pnpm conformance` runs it.\n'
  const { counts, results, startedAt } = report.content
  const machine = report.content.machine as Bench['machine'] | undefined
  const runs = list(results)
  const groups = [...new Set(runs.map(apart))]
  const modules = new Set(runs.map(({ area, name }) => `${area} ${String(name).replace(/ \(.*\)$/, '')}`)).size
  const verdicts = ['pass', 'warn', 'fail', 'skip']
  const count = (group: string, verdict: string) => runs.filter((one) => apart(one) === group && one.verdict === verdict).length
  const total = Object.entries(Object(counts) as Record<string, number>).map(([verdict, times]) => `${times} ${verdict}`)
  const about =
    machine === undefined
      ? 'commit and machine unknown'
      : `commit \`${machine.commit ?? 'unknown'}\`, ${cores(machine)}, Node ${machine.versions.node}`
  const notPassed = runs.filter(({ verdict }) => verdict !== 'pass')
  return [
    '## Conformance',
    '',
    `The kit against Postern and its mail servers, ${dayOf(startedAt)}, ${about}. ${runs.length} runs of ${modules} modules: ${total.join(', ')}.`,
    '',
    table(
      ['area', ...verdicts],
      groups.map((group) => [group, ...verdicts.map((verdict) => count(group, verdict))]),
    ),
    '',
    ...(notPassed.length === 0
      ? []
      : [
          'Not passed:',
          '',
          table(
            ['module', 'verdict', 'why'],
            notPassed.map((one) => [`\`${one.name}\``, one.verdict, reasonsOf(one)]),
          ),
          '',
        ]),
  ].join('\n')
}

/** Why a run did not pass, in words: the written reasons of what is skipped, what was expected and seen of the rest. */
function reasonsOf(one: Readonly<Record<string, unknown>>): string {
  const told = list(one.findings).filter(({ verdict }) => verdict === one.verdict)
  const words = told.map(({ expected, seen, because }) =>
    one.verdict === 'skip' ? String(because ?? `not decided: ${seen}`) : `expected: ${expected}; seen: ${seen}.`,
  )
  const [first = '', ...others] = [...new Set(words)]
  return [first, ...others.slice(0, 2), ...(others.length > 2 ? [`And ${others.length - 2} more.`] : [])].join(' ').slice(0, 600)
}

function renderAttacks(attacks: readonly FoundReport[]): string {
  const fuzzers = attacks.filter(({ file }) => file.startsWith('fuzz-'))
  const mutation = attacks.find(({ file }) => file === 'mutation.json')?.content
  return [
    '## Validator under attack',
    '',
    ...(mutation === undefined ? ['Mutation tests: not run.', ''] : renderMutation(mutation)),
    fuzzers.length === 0
      ? 'Fuzzers: not run.'
      : table(
          ['fuzzed', 'minutes', 'runs', 'edges', 'inputs kept', 'crashed', 'when'],
          fuzzers.map(({ content }) => [
            content.name,
            Number(content.minutes) < fuzzMinutes
              ? `${Number(content.minutes)} of ${fuzzMinutes}, short`
              : Number(content.minutes),
            Number(content.runs).toLocaleString('en-US'),
            content.edges,
            content.kept,
            content.crashed === false ? 'no' : '**yes**',
            dayOf(content.at),
          ]),
        ),
    '',
  ].join('\n')
}

function renderMutation(content: FoundReport['content']): readonly string[] {
  const figure = (value: unknown) => Number(value).toLocaleString('en-US')
  return [
    `Mutation tests: ${figure(content.killed)} of ${figure(content.mutants)} changes to ${content.files} files were noticed (${content.score} %); ${figure(content.explained)} more are left out, each with its reason in the source.`,
    '',
    table(
      ['file', 'noticed', '%', 'when, commit'],
      list(content.results).map((one) => [
        `\`${one.file}\``,
        `${one.killed} of ${one.mutants}`,
        one.score,
        `${dayOf(one.at)}, \`${one.commit}\``,
      ]),
    ),
    '',
  ]
}

export function renderScoreboard({ benches, faults, faultTable, conformance, attacks }: FoundReports): string {
  return [
    '# Scoreboard',
    '',
    '<!-- Generated by `pnpm scoreboard` from the last runs. Run again instead of changing this page. -->',
    '',
    'What the last runs measured and found: `pnpm bench`, `pnpm faults`, `pnpm conformance`, the mutation tests and the fuzzers. Nothing here was written by hand. A figure holds for the machine, the day and the commit beside it (`+`: with changes that were not committed); ratios are of one run. How to read the benchmarks: [bench/README.md](../../bench/README.md).',
    '',
    renderBenches(benches),
    renderFaults(faults, faultTable),
    renderConformance(conformance),
    renderAttacks(attacks),
  ].join('\n')
}
