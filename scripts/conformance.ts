/**
 * The conformance kit against Postern and its mail servers, as anybody can run it against theirs: `pnpm conformance`.
 *
 * Prints each result, the plans, and what is skipped and why. Reports go into `.conformance/`, which git ignores. Exit code 1
 * when something fails, warns, or is skipped without a reason that is written down.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import process from 'node:process'
import {
  createTerminal,
  plans,
  renderHtml,
  renderJson,
  renderJunit,
  renderPlans,
  renderSummary,
} from '../packages/conformance/src/index.ts'
import { runEverything } from '../test/conformance/run-everything.ts'
import { listSkipped } from '../test/conformance/skipped-on-purpose.ts'

const terminal = createTerminal(process.stdout, { silent: false, verbose: process.argv.includes('--verbose') })
const report = await runEverything({ onProgress: terminal.progress, onResult: terminal.result })

const skipped = listSkipped(report)
const reasons = Map.groupBy(skipped, ({ because, says }) => because ?? `NOT DECIDED: ${says}`)
const lines = [...reasons].flatMap(([reason, ones]) => [
  reason,
  ...ones.map(({ module, expected }) => `  ${module}: ${expected}`),
])
const undecided = skipped.filter(({ because }) => because === undefined).length
const checks = report.results.reduce((sum, { findings }) => sum + findings.length, 0)

const folder = new URL('../.conformance/', import.meta.url)
await mkdir(folder, { recursive: true })
for (const [name, text] of [
  ['report.json', renderJson(report)],
  ['report.html', renderHtml(report)],
  ['report.xml', renderJunit(report)],
] as const)
  await writeFile(new URL(name, folder), text)

terminal.end(['', 'Skipped, and why:', ...lines, '', renderPlans(report, plans), ''])
terminal.end([`${renderSummary(report)}; ${checks} checks`, 'Reports: .conformance/report.html, .json and .xml'])
process.exitCode = report.counts.fail + report.counts.warn + undecided > 0 ? 1 : 0
