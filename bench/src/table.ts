/** Renders what was measured as a Markdown table: rate, spread, and the ratio to one contestant of the same run. Pure. */
import type { Machine } from './machine.ts'
import type { Measured } from './rounds.ts'

export interface Result {
  readonly name: string
  readonly what: string
  readonly unit: string
  /** The contestants that others are compared with, each a column of ratios. */
  readonly baselines: readonly string[]
  readonly measured: readonly Measured[]
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[]
  /** What is no rate, for whoever reads the JSON. */
  readonly figures?: Readonly<Record<string, number>>
  readonly machine: Machine
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
    ...result.notes.map((note) => `- ${note}`),
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}; ${versions.join(', ')}; ${machine.measuredAt}`,
    '',
  ].join('\n')
}
