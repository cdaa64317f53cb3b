/**
 * The conformance kit against Postern and its mail servers, as anybody can run it against theirs: `pnpm conformance`.
 *
 * Prints each result, the plans, and what is skipped and why. Reports go into `.conformance/`, which git ignores. Exit code 1
 * when something fails, warns, or is skipped without a reason that is written down, 2 for wrong usage; 130 and 143 when SIGINT or
 * SIGTERM stopped it, and what was found until then is in `.conformance/part.*`.
 *
 * Usage: node scripts/conformance.ts [--only NAME]... [--list] [--quick] [--verbose]
 *   --only   an area, a module by its file name, or an id of the OpenID Foundation; a part of a name where nothing is named so
 *   --list   names them, and runs nothing
 *   --quick  without the modules that wait; most of them wait on a clock that is moved, so it saves little here
 * Such a run goes into `.conformance/part.*`, so that the scoreboard keeps the whole one.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import process from 'node:process'
import { describeMachine } from '../bench/src/machine.ts'
import {
  ConformanceError,
  createTerminal,
  findNamed,
  modules,
  plans,
  renderHtml,
  renderJson,
  renderJunit,
  renderNames,
  renderPlans,
  renderSummary,
  stopPrograms,
} from '../packages/conformance/src/index.ts'
import { runEverything } from '../test/conformance/run-everything.ts'
import { listSkipped } from '../test/conformance/skipped-on-purpose.ts'
import { readWords } from './command-words.ts'

const { values, misused } = readWords('usage: pnpm conformance [--only AREA, MODULE or ID]... [--list] [--quick] [--verbose]', {
  list: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  quick: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
})
/** As the kit's own command reads the words. */
function named(words: readonly string[]) {
  try {
    return findNamed(modules, words)
  } catch (error) {
    if (error instanceof ConformanceError) return misused(error.message)
    throw error
  }
}
const { modules: wanted, notes } = values.only === undefined ? { modules, notes: [] } : named(values.only)
if (values.list) {
  process.stdout.write(renderNames(wanted))
  process.exit(0)
}
const chosen = wanted.filter(({ slow }) => !values.quick || slow !== true)
if (chosen.length === 0) misused('with --quick none of these modules is left')

const machine = describeMachine([], new Date())
const terminal = createTerminal(process.stdout, { silent: false, verbose: values.verbose })
for (const note of notes) terminal.say(note)
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for reports; programs that were started end with the process.
    if (interruption.signal.aborted) process.exit(1)
    interruption.abort(signal)
    void stopPrograms()
  })
const report = await runEverything({
  chosen,
  interruption: interruption.signal,
  onProgress: terminal.progress,
  onResult: terminal.result,
})

const skipped = listSkipped(report)
const reasons = Map.groupBy(skipped, ({ because, says }) => because ?? `NOT DECIDED: ${says}`)
const lines = [...reasons].flatMap(([reason, ones]) => [
  reason,
  ...ones.map(({ module, expected }) => `  ${module}: ${expected}`),
])
const undecided = skipped.filter(({ because }) => because === undefined).length
const checks = report.results.reduce((sum, { findings }) => sum + findings.length, 0)

const isWhole = chosen.length === modules.length && report.interrupted === undefined
const folder = new URL('../.conformance/', import.meta.url)
await mkdir(folder, { recursive: true })
const name = isWhole ? 'report' : 'part'
const json = { ...JSON.parse(renderJson(report)), machine, isWhole }
for (const [ending, text] of [
  ['json', `${JSON.stringify(json, null, 2)}\n`],
  ['html', renderHtml(report)],
  ['xml', renderJunit(report)],
] as const)
  await writeFile(new URL(`${name}.${ending}`, folder), text)

terminal.end(['', 'Skipped, and why:', ...lines, '', renderPlans(report, plans), ''])
terminal.end([`${renderSummary(report)}; ${checks} checks`, `Reports: .conformance/${name}.html, .json and .xml`])
if (report.interrupted !== undefined) {
  await stopPrograms()
  process.exit(128 + constants.signals[report.interrupted.by === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'])
}
process.exitCode = report.counts.fail + report.counts.warn + undecided > 0 ? 1 : 0
