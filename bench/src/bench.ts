/**
 * `pnpm bench [names...]`: runs the benchmarks side by side, prints a Markdown table for each and keeps the figures as JSON
 * in `.bench/`. All ratios of a table come from one run.
 *
 * Options: `--rounds 5` (at least five), `--seconds 1` for each contestant and round.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchActorTokens } from './actor-tokens.ts'
import { benchActorValidation } from './actor-validation.ts'
import { benchClientCredentials } from './client-credentials.ts'
import { benchEnforcementImport } from './enforcement-import.ts'
import { benchMailGate } from './mail-gate.ts'
import { benchPhones } from './phones.ts'
import { benchSignin } from './signin.ts'
import { renderTable } from './table.ts'
import { benchCodeExchange, benchRefreshRotation } from './token-path.ts'
import { benchValidator } from './validator.ts'

const benches = {
  validator: benchValidator,
  'client-credentials': benchClientCredentials,
  'enforcement-import': benchEnforcementImport,
  signin: benchSignin,
  'actor-tokens': benchActorTokens,
  'actor-validation': benchActorValidation,
  'mail-gate': benchMailGate,
  phones: benchPhones,
  'refresh-rotation': benchRefreshRotation,
  'code-exchange': benchCodeExchange,
} as const
const OUT = fileURLToPath(new URL('../../.bench/', import.meta.url))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '1' } },
})
const isName = (name: string): name is keyof typeof benches => Object.hasOwn(benches, name)
const wanted = positionals.length > 0 ? positionals : Object.keys(benches)
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
if (!wanted.every(isName) || !Number.isInteger(rounds) || rounds < 5 || !(seconds > 0)) {
  process.stderr.write(`usage: pnpm bench [${Object.keys(benches).join('|')}...] [--rounds 5 or more] [--seconds 1]\n`)
  process.exit(2)
}

await mkdir(OUT, { recursive: true })
for (const name of wanted.filter(isName)) {
  const now = new Date()
  const onRound = (round: number) => void process.stderr.write(`${name}: round ${round + 1} of ${rounds}\n`)
  const result = await benches[name]({ rounds, milliseconds: seconds * 1000, now, onRound })
  const file = join(OUT, `${name}-${now.toISOString().replaceAll(':', '-')}.json`)
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
  process.stdout.write(`${renderTable(result)}\nFigures: ${file}\n\n`)
}
