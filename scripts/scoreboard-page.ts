/** Renders the scoreboard. Pure: what runs left goes in, a page of Markdown comes out. Every figure with its date, machine and commit. */
import { judge, type Result, renderTargets } from '../bench/src/table.ts'

export interface FoundReport {
  readonly file: string
  readonly writtenAt: Date
  readonly content: Readonly<Record<string, unknown>>
}

export interface FoundReports {
  readonly benches: readonly FoundReport[]
  readonly faults: FoundReport | undefined
  readonly conformance: FoundReport | undefined
  readonly attacks: readonly FoundReport[]
}

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

function renderFaults(report: FoundReport | undefined): string {
  const command = '`pnpm faults`'
  if (report === undefined) return `## Fault laboratory\n\nNot run. ${command} runs it.\n`
  const { content } = report
  const experiments = list(content.experiments)
  const invariants = list(content.invariants)
  const machine = Object(content.machine) as Record<string, unknown>
  const violated = invariants.filter(({ violations }) => violations !== 0).length
  const unseen = invariants.filter(({ looked }) => looked === 0).length
  return [
    '## Fault laboratory',
    '',
    `${content.held} of ${content.run} experiments held, ${violated} of ${invariants.length} invariants violated, ${unseen} of them never looked at, ${Number(content.requests).toLocaleString('en-US')} requests. Seed ${content.seed}. ${dayOf(content.date)}, commit \`${content.commit}\`, ${machine.model}, ${machine.processors} cores, Node ${machine.node}.`,
    '',
    table(
      ['', 'experiment', 'passed', 'requests', 'seconds', ''],
      experiments.map((one) => {
        const complaints = Array.isArray(one.complaints) ? one.complaints.length : 0
        const verdict =
          complaints > 0 || one.passed !== one.total || one.total === 0 ? '**does not hold, or did not run**' : 'holds'
        return [one.id, one.title, `${one.passed} of ${one.total}`, one.requests, one.seconds, verdict]
      }),
    ),
    '',
    table(
      ['', 'invariant', 'looked at', 'violations'],
      invariants.map((one) => [one.id, one.claim, one.looked === 0 ? 'never' : one.looked, one.violations]),
    ),
    '',
  ].join('\n')
}

function renderConformance(report: FoundReport | undefined): string {
  if (report === undefined) return '## Conformance\n\nNot run. `pnpm conformance` runs it.\n'
  const { counts, results, startedAt } = report.content
  const modules = list(results)
  const areas = [...new Set(modules.map(({ area }) => String(area)))]
  const verdicts = ['pass', 'warn', 'fail', 'skip']
  const count = (area: string, verdict: string) => modules.filter((one) => one.area === area && one.verdict === verdict).length
  const skipped = modules.filter(({ verdict }) => verdict === 'skip' || verdict === 'fail')
  const total = Object.entries(Object(counts) as Record<string, number>).map(([verdict, times]) => `${times} ${verdict}`)
  const reason = (one: Readonly<Record<string, unknown>>): string => {
    const told = list(one.findings).find(({ verdict }) => verdict === one.verdict)
    return told === undefined ? '' : `${told.expected ?? ''} ${told.seen ?? told.because ?? ''}`.trim().slice(0, 300)
  }
  return [
    '## Conformance',
    '',
    `The kit against Postern, ${dayOf(startedAt)}: ${total.join(', ')}.`,
    '',
    table(
      ['area', ...verdicts],
      areas.map((area) => [area, ...verdicts.map((verdict) => count(area, verdict))]),
    ),
    '',
    ...(skipped.length === 0
      ? []
      : [
          'Not passed:',
          '',
          table(
            ['module', 'verdict', 'why'],
            skipped.map((one) => [`\`${one.name}\``, one.verdict, reason(one)]),
          ),
          '',
        ]),
  ].join('\n')
}

function renderAttacks(attacks: readonly FoundReport[]): string {
  const fuzzers = attacks.filter(({ file }) => file.startsWith('fuzz-'))
  const others = attacks.filter(({ file }) => !file.startsWith('fuzz-'))
  const plain = (content: FoundReport['content']) =>
    Object.entries(content)
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      .map(([name, value]) => `${name} ${String(value)}`)
  return [
    '## Validator under attack',
    '',
    ...(others.length === 0 ? ['Mutation tests: not run.', ''] : []),
    ...others.flatMap(({ file, content, writtenAt }) => [
      `${file.replace(/\.json$/, '')}, ${dayOf(content.at ?? content.date ?? writtenAt.toISOString())}: ${plain(content).join(', ')}.`,
      '',
    ]),
    fuzzers.length === 0
      ? 'Fuzzers: not run.'
      : table(
          ['fuzzed', 'minutes', 'runs', 'edges', 'inputs kept', 'crashed', 'when'],
          fuzzers.map(({ content }) => [
            content.name,
            Number(content.minutes).toFixed(1),
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

export function renderScoreboard({ benches, faults, conformance, attacks }: FoundReports): string {
  return [
    '# Scoreboard',
    '',
    '<!-- Generated by `pnpm scoreboard` from the last runs. Run again instead of changing this page. -->',
    '',
    'What the last runs measured and found: `pnpm bench`, `pnpm faults`, `pnpm conformance`, the mutation tests and the fuzzers. Nothing here was written by hand. A figure holds for the machine, the day and the commit beside it (`+`: with changes that were not committed); ratios are of one run. How to read the benchmarks: [bench/README.md](../../bench/README.md).',
    '',
    renderBenches(benches),
    renderFaults(faults),
    renderConformance(conformance),
    renderAttacks(attacks),
  ].join('\n')
}
