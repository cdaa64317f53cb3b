/**
 * What `npm test` runs: the checks of the sources, the published form of the libraries, then every layer of tests, one
 * by one, with a table at the end and a last line `N passed, N failed`.
 *
 * It owns the order and the verdict. It does not install anything (scripts/bootstrap.mjs did) and knows no test.
 *
 * Usage: node scripts/verify.ts [names...]   only these, e.g. `types unit acceptance`
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { LAYERS } from '../vitest.config.ts'
import { judgeLayer, type LayerResult } from './layer-result.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BIN = join(ROOT, 'node_modules', '.bin')

/** Name, and the script of package.json. Each counts as one test. */
const CHECKS = [
  ['types', 'check:types'],
  ['lint', 'check:lint'],
  ['imports', 'check:imports'],
  ['unused', 'check:unused'],
  ['published', 'check:published'],
] as const

const manifest: { scripts: Record<string, string>; packageManager: string } = JSON.parse(
  await readFile(join(ROOT, 'package.json'), 'utf8'),
)
const wanted = process.argv.slice(2)
const known = [...CHECKS.map(([name]) => name), ...LAYERS.map((layer) => layer.name)]
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}. Known are ${known.join(', ')}.\n`)
  process.exit(2)
}
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name)

const started = performance.now()
const results: (LayerResult & { readonly seconds: number })[] = []
for (const [name, script] of CHECKS) {
  if (isWanted(name)) await measure(name, () => runCheck(name, script))
}
for (const { name } of LAYERS) {
  if (isWanted(name)) await measure(name, () => runLayer(name))
}
report()

async function measure(name: string, work: () => Promise<LayerResult>): Promise<void> {
  process.stdout.write(`\n=== ${name}\n`)
  const start = performance.now()
  results.push({ ...(await work()), seconds: (performance.now() - start) / 1000 })
}

async function runCheck(name: string, script: string): Promise<LayerResult> {
  const command = manifest.scripts[script]
  if (command === undefined) return { name, passed: 0, failed: 1, problems: [`package.json has no script ${script}`] }
  // Through the pinned pnpm, because some of these scripts call it by its bare name.
  const code = await run(`npx --yes ${manifest.packageManager} run ${script}`, { shell: true })
  return code === 0
    ? { name, passed: 1, failed: 0, problems: [] }
    : { name, passed: 0, failed: 1, problems: [`${command} ended with ${code}`] }
}

async function runLayer(name: string): Promise<LayerResult> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-verify-'))
  const file = join(folder, 'report.json')
  const options = [
    'run',
    '--project',
    name,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]
  const code = await run(process.execPath, { with: [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...options] })
  const text = await readFile(file, 'utf8').catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
  return judgeLayer(name, text === undefined ? undefined : JSON.parse(text), code)
}

/** Runs a program without input, its output shown as it comes. Resolves to the exit code; 128 when a signal ended it. */
function run(command: string, options: { readonly shell?: boolean; readonly with?: readonly string[] }): Promise<number> {
  return new Promise((done, failed) => {
    const child = spawn(command, [...(options.with ?? [])], {
      cwd: ROOT,
      shell: options.shell ?? false,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}` },
    })
    child.once('error', failed)
    child.once('exit', (code) => done(code ?? 128))
  })
}

function report(): never {
  const width = Math.max(...results.map((one) => one.name.length))
  process.stdout.write('\n')
  for (const { name, passed, failed, problems, seconds } of results) {
    const verdict = failed === 0 ? 'ok  ' : 'FAIL'
    const time = `${seconds.toFixed(1)} s`.padStart(8)
    process.stdout.write(
      `${verdict} ${name.padEnd(width)} ${String(passed).padStart(5)} passed ${time}  ${problems.join('; ')}\n`,
    )
  }
  const total = (key: 'passed' | 'failed') => results.reduce((sum, one) => sum + one[key], 0)
  process.stdout.write(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all\n`)
  process.stdout.write(`${total('passed')} passed, ${total('failed')} failed\n`)
  process.exit(total('failed') === 0 ? 0 : 1)
}
