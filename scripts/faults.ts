/**
 * What `pnpm faults` runs: the experiments of the fault laboratory, each followed by the checker, and a table at the end.
 *
 * It names what an experiment needs of the system and has not; with `--install` it gets it on Debian, as root. It owns the
 * order, the report and the verdict, and knows no experiment. A run of all of them fails, too, where an invariant had nothing to
 * look at. On SIGINT or SIGTERM it ends what it started and says how far it came.
 *
 * Each run leaves `.faults/DATE.json`, of which the scoreboard takes the newest of each experiment, and `report.json`, the last.
 *
 * Usage: node scripts/faults.ts [F1 F9 ...] [--minutes N] [--seed S] [--install]
 *   --minutes  nothing is sampled, and random histories run for the rest of the time
 *   --seed     repeats a run; printed by each
 */
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { EXPERIMENTS } from '../test/faults/experiments.ts'
import { INVARIANTS } from '../test/faults/lab/invariants/invariants.ts'
import { randomHistories } from '../test/faults/lab/model/random-histories.ts'
import { complaintsOf, hasPassed, type Ran, runExperiment } from '../test/faults/lab/runner.ts'
import { endMisused, showUsage } from './command-words.ts'
import { parseFaultArguments } from './fault-arguments.ts'
import { renderFaultTables } from './fault-tables.ts'

/** No experiment may take longer; the longest takes two minutes where the machine is idle. */
const mostSeconds = 420
/** After being told to stop, what was started has so long to end. */
const graceMilliseconds = 20_000

const APT = '/usr/bin/apt-get'
const FOLDER = fileURLToPath(new URL('../.faults/', import.meta.url))
/** What each need is looked for by, and the package of Debian that brings it. */
const NEEDS = {
  libfaketime: {
    files: ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((arch) => `/usr/lib/${arch}/faketime/libfaketime.so.1`),
    debianPackage: 'libfaketime',
  },
  mount: { files: ['/usr/bin/mount', '/bin/mount'], debianPackage: 'mount' },
} as const

const wanted = parseFaultArguments(
  process.argv.slice(2),
  EXPERIMENTS.map(({ id }) => id),
)
const usage = `usage: pnpm faults [${EXPERIMENTS.map(({ id }) => id).join('|')} ...] [--minutes N] [--seed S] [--install]`
if (wanted === 'help') showUsage(usage)
if ('problem' in wanted) endMisused(wanted.problem, usage)
const seed = wanted.seed ?? randomInt(2 ** 31)
const chosen = EXPERIMENTS.filter(({ id }) => wanted.names.length === 0 || wanted.names.includes(id))
const isMissing = (need: keyof typeof NEEDS) => !NEEDS[need].files.some((file) => existsSync(file))
const lacking = () => [...new Set(chosen.flatMap(({ needs }) => needs))].filter(isMissing)
if (wanted.install && lacking().length > 0) {
  const packages = lacking().map((need) => NEEDS[need].debianPackage)
  const apt = (words: readonly string[]) =>
    execFileSync(APT, words, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  process.stdout.write(`Installing ${packages.join(', ')} ...\n`)
  apt(['update'])
  apt(['install', '-y', '--no-install-recommends', ...packages])
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130)
    process.stderr.write(`${signal}: ending what was started\n`)
    stop.abort()
    setTimeout(() => process.exit(130), graceMilliseconds).unref()
  })
const thorough = wanted.minutes > 0
const limits = { budget: 'long', thorough, mostSeconds: thorough ? mostSeconds * 5 : mostSeconds, signal: stop.signal } as const

process.stdout.write(`seed ${seed}\n`)
const began = performance.now()
const all: Ran[] = []
for (const [place, experiment] of chosen.entries()) {
  if (stop.signal.aborted) break
  process.stdout.write(`${place + 1}/${chosen.length} ${experiment.id} ...\n`)
  const missing = experiment.needs.filter(isMissing)
  const outcome: Ran =
    missing.length === 0
      ? await runExperiment(experiment, { ...limits, seed })
      : {
          ...{ id: experiment.id, title: experiment.title, seed, seconds: 0 },
          result: { passed: 0, total: 0, requests: 0, seen: [] },
          checked: { violations: [], looked: {} },
          fault: `not run: ${missing.join(', ')} is missing here (--install gets it)`,
        }
  show(outcome)
}
// Each history has a seed of its own, which follows from the first.
const until = began + wanted.minutes * 60_000
for (let at = 0; performance.now() < until && !stop.signal.aborted; at += 1)
  show(await runExperiment(randomHistories, { ...limits, seed: (seed + at) % 2 ** 31 }))

const tables = renderFaultTables(all, INVARIANTS, seed)
process.stdout.write(`\n${tables.text}\n`)
await mkdir(FOLDER, { recursive: true })
const git = (...words: string[]) => execFileSync('git', words, { cwd: FOLDER, encoding: 'utf8' }).trim()
const report = {
  date: new Date().toISOString(),
  commit: `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no', ':/packages', ':/migrations') === '' ? '' : '+'}`,
  machine: { processors: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version },
  seed,
  ...tables.summary,
  experiments: all.map((one) => ({
    ...{ id: one.id, title: one.title, seed: one.seed, seconds: Math.round(one.seconds * 10) / 10, passed: one.result.passed },
    ...{ total: one.result.total, requests: one.result.requests, figures: one.result.figures ?? {}, seen: one.result.seen },
    complaints: complaintsOf(one),
  })),
}
for (const name of ['report', report.date.replaceAll(':', '-')])
  await writeFile(`${FOLDER}${name}.json`, `${JSON.stringify(report, null, 2)}\n`)
const isBlind = wanted.names.length === 0 && tables.summary.blind.length > 0
process.exit(stop.signal.aborted ? 130 : all.every(hasPassed) && all.length > 0 && !isBlind ? 0 : 1)

function show(outcome: Ran): void {
  all.push(outcome)
  const { id, title, result, seconds } = outcome
  const verdict = hasPassed(outcome) ? 'holds' : 'BROKEN'
  process.stdout.write(`${id.padEnd(4)} ${verdict}  ${result.passed}/${result.total}  ${seconds.toFixed(1)} s  ${title}\n`)
  if (!hasPassed(outcome)) for (const line of complaintsOf(outcome).slice(0, 20)) process.stdout.write(`       ${line}\n`)
}
