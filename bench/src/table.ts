/** Renders what was measured as a Markdown table: rate, spread, and the ratio to one contestant of the same run. Pure. */
import type { Machine } from './machine.ts'
import type { Measured } from './rounds.ts'

/** What a figure is to reach. Exactly one of the two bounds. */
export type Target = Readonly<{ what: string; value: number; unit?: string }> &
  (Readonly<{ atLeast: number; atMost?: never }> | Readonly<{ atMost: number; atLeast?: never }>)

export interface Result {
  readonly name: string
  readonly what: string
  readonly unit: string
  /** The contestants that others are compared with, each a column of ratios. */
  readonly baselines: readonly string[]
  readonly measured: readonly Measured[]
  /** What the issue asks of these figures. */
  readonly targets?: readonly Target[]
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[]
  /** What is no rate, for whoever reads the JSON. */
  readonly figures?: Readonly<Record<string, number>>
  readonly machine: Machine
  /** For each contestant and round. Below 1 a figure only shows that the bench works, and nothing is judged by it. */
  readonly seconds?: number
}

/** `reached`, or by how much not. A figure that is not there is never reached. */
export function judge({ value, atLeast, atMost }: Target): string {
  if (!Number.isFinite(value)) return 'not measured'
  if (atLeast !== undefined) return value >= atLeast ? 'reached' : `missed by ${percent(1 - value / atLeast)}`
  return value <= atMost ? 'reached' : `missed by ${percent(value / atMost - 1)}`
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`

/** Rows of Markdown: what, how much, how much is wanted, and whether it is. */
export function renderTargets(targets: readonly Target[], seconds = 1): readonly string[] {
  return [
    row(['target', 'measured', 'wanted', '']),
    row(['---', '---:', '---:', '---']),
    ...targets.map((one) => {
      const figure = (value: number) =>
        `${value < 100 ? value.toFixed(2) : rounded(value)}${one.unit === undefined ? '' : ` ${one.unit}`}`
      const wanted = one.atLeast === undefined ? `at most ${figure(one.atMost)}` : `at least ${figure(one.atLeast)}`
      return row([one.what, figure(one.value), wanted, seconds < 1 ? 'short run' : judge(one)])
    }),
  ]
}

const rounded = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3))
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

export function renderTable(result: Result): string {
  const { machine, measured } = result
  const baselines = result.baselines.map((name) => ({
    name,
    median: measured.find((one) => one.name === name)?.median ?? Number.NaN,
  }))
  const rounds = measured[0]?.rates.length ?? 0
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `## ${result.name}: ${result.what}`,
    '',
    row(['contestant', `${result.unit}, median of ${rounds}`, 'lowest - highest', ...baselines.map((one) => `x ${one.name}`)]),
    row(['---', '---:', '---:', ...baselines.map(() => '---:')]),
    ...measured.map((one) =>
      row([
        one.name,
        rounded(one.median),
        `${rounded(one.lowest)} - ${rounded(one.highest)}`,
        ...baselines.map(({ median }) => (one.median / median).toFixed(2)),
      ]),
    ),
    '',
    ...(result.targets === undefined ? [] : [...renderTargets(result.targets, result.seconds), '']),
    ...(result.seconds !== undefined && result.seconds < 1
      ? [`- short run: ${result.seconds} s for each contestant and round instead of 1, so nothing is judged by it`]
      : []),
    ...result.notes.map((note) => `- ${note}`),
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}; ${versions.join(', ')}; ${machine.measuredAt}${machine.commit === undefined ? '' : `; commit ${machine.commit}`}`,
    '',
  ].join('\n')
}
