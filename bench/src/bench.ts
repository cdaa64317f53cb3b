/**
 * `pnpm bench [names...]`: runs the benchmarks side by side, prints a Markdown table for each and keeps the figures as JSON
 * in `.bench/`. All ratios of a table come from one run. A benchmark that fails does not keep the others from running.
 *
 * Options: `--rounds 5` (at least five), `--seconds 1` for each contestant and round, `--install` brings the programs that the
 * limits are measured with (Debian's `openssl` and `postgresql`, of which pgbench alone is used).
 */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { readWords } from '../../scripts/command-words.ts'
import { benchActorTokens } from './actor-tokens.ts'
import { benchActorValidation } from './actor-validation.ts'
import { benchCleanUp } from './clean-up.ts'
import { benchClientCredentials } from './client-credentials.ts'
import { benchEnforcementImport } from './enforcement-import.ts'
import { benchGrowth } from './growth.ts'
import { benchMailGate } from './mail-gate.ts'
import { benchPhones } from './phones.ts'
import { benchPolicy } from './policy.ts'
import { benchSignin } from './signin.ts'
import { benchStartMemory } from './start-memory.ts'
import { renderTable } from './table.ts'
import { benchCodeExchange, benchRefreshRotation } from './token-path.ts'
import { benchValidator } from './validator.ts'
import { benchWorkers } from './workers.ts'

const benches = {
  validator: benchValidator,
  policy: benchPolicy,
  'actor-validation': benchActorValidation,
  'client-credentials': benchClientCredentials,
  'actor-tokens': benchActorTokens,
  'refresh-rotation': benchRefreshRotation,
  'code-exchange': benchCodeExchange,
  signin: benchSignin,
  'mail-gate': benchMailGate,
  'start-memory': benchStartMemory,
  workers: benchWorkers,
  'clean-up': benchCleanUp,
  growth: benchGrowth,
  phones: benchPhones,
  'enforcement-import': benchEnforcementImport,
} as const
const OUT = fileURLToPath(new URL('../../.bench/', import.meta.url))
const PACKAGE_MANAGER = 'apt-get'
const PACKAGES = ['openssl', 'postgresql']

const names = Object.keys(benches)
const { values, ...given } = readWords(
  `usage: pnpm bench [${names.join('|')}...] [--rounds 5 or more] [--seconds 1] [--install]`,
  {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    install: { type: 'boolean', default: false },
  },
  names,
)
const isName = (name: string): name is keyof typeof benches => Object.hasOwn(benches, name)
const wanted = given.names.length > 0 ? given.names : names
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
if (!Number.isInteger(rounds) || rounds < 5) given.misused('--rounds needs a whole number, 5 or more')
if (!(seconds > 0)) given.misused('--seconds needs a number above 0')
if (values.install) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const words of [['update'], ['install', '-y', '--no-install-recommends', ...PACKAGES]])
    execFileSync(PACKAGE_MANAGER, ['-q', ...words], { stdio: ['ignore', 'ignore', 'inherit'], env })
}

// A signal would end the process without a word to anybody; this way the databases that it started end with it.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code))

await mkdir(OUT, { recursive: true })
const failed: string[] = []
for (const name of wanted.filter(isName)) {
  const now = new Date()
  const start = performance.now()
  const onRound = (round: number) => void process.stderr.write(`${name}: round ${round + 1} of ${rounds}\n`)
  try {
    const result = await benches[name]({ rounds, milliseconds: seconds * 1000, now, onRound })
    const file = join(OUT, `${name}-${now.toISOString().replaceAll(':', '-')}.json`)
    // A run that was cut short to see whether it works is no figure for the scoreboard.
    const kept = { ...result, seconds, rounds, tookSeconds: Math.round((performance.now() - start) / 1000) }
    await writeFile(file, `${JSON.stringify(kept, undefined, 2)}\n`)
    process.stdout.write(`${renderTable({ ...result, seconds })}\nFigures: ${file}\n\n`)
  } catch (error) {
    failed.push(name)
    process.stderr.write(`${name} FAILED: ${error instanceof Error ? error.stack : String(error)}\n`)
  }
}
if (failed.length > 0) {
  process.stderr.write(`failed: ${failed.join(', ')}\n`)
  process.exitCode = 1
}
