/**
 * What `npm test` runs: the checks of the sources, the published form of the libraries, and every layer of tests, with a
 * table at the end and a last line `N passed, N failed`.
 *
 * The checks and the small layers keep one core busy and a layer that runs alone keeps less than one, so these go side by
 * side; then the other layers, which keep two busy, one by one.
 *
 * It owns the order and the verdict. It does not install anything (scripts/bootstrap.mjs did) and knows no test.
 *
 * Usage: node scripts/verify.ts [names...]   only these, e.g. `types unit acceptance`
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
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

/** Shown as it comes, or kept until all of it is there, so that two that run side by side do not mix. */
type Shown = 'as it comes' | 'at the end'

/** `output` is empty where it was shown as it came. */
interface Ran {
  readonly result: LayerResult
  readonly output: string
}

interface Step {
  readonly name: string
  readonly run: (shown: Shown) => Promise<Ran>
}

const started = performance.now()
const results = new Map<string, LayerResult & { readonly seconds: number }>()
const checks = CHECKS.map(([name, script]): Step => ({ name, run: (shown) => runCheck(name, script, shown) }))
const layers = LAYERS.map((layer) => ({ ...layer, run: (shown: Shown) => runLayer(layer.name, shown) }))
const small = layers.filter((layer) => layer.small === true)
const alone = layers.filter((layer) => layer.alone === true)
await Promise.all([inOrder([...checks, ...small], 'at the end'), inOrder(alone, 'at the end')])
await inOrder(
  layers.filter((layer) => layer.small !== true && layer.alone !== true),
  'as it comes',
)
report()

async function inOrder(steps: readonly Step[], shown: Shown): Promise<void> {
  for (const { name, run } of steps.filter((step) => isWanted(step.name))) {
    const title = `\n=== ${name}\n`
    if (shown === 'as it comes') process.stdout.write(title)
    const start = performance.now()
    const { result, output } = await run(shown)
    if (shown === 'at the end') process.stdout.write(`${title}${output}`)
    results.set(name, { ...result, seconds: (performance.now() - start) / 1000 })
  }
}

async function runCheck(name: string, script: string, shown: Shown): Promise<Ran> {
  const command = manifest.scripts[script]
  if (command === undefined) {
    const problems = [`package.json has no script ${script}`]
    return { result: { name, passed: 0, failed: 1, problems, failures: [] }, output: '' }
  }
  // Through the pinned pnpm, because some of these scripts call it by its bare name.
  const { code, output } = await run(`npx --yes ${manifest.packageManager} run ${script}`, { shell: true, shown })
  const result =
    code === 0
      ? { name, passed: 1, failed: 0, problems: [], failures: [] }
      : { name, passed: 0, failed: 1, problems: [`${command} ended with ${code}`], failures: [] }
  return { result, output }
}

async function runLayer(name: string, shown: Shown): Promise<Ran> {
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
  const { code, output } = await run(process.execPath, {
    with: [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...options],
    shown,
  })
  const text = await readFile(file, 'utf8').catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
  return { result: judgeLayer(name, text === undefined ? undefined : JSON.parse(text), code, resolve(ROOT)), output }
}

/** Runs a program without input. Resolves when it has ended and all of its output is there; 128 when a signal ended it. */
function run(
  command: string,
  options: { readonly shown: Shown; readonly shell?: boolean; readonly with?: readonly string[] },
): Promise<{ code: number; output: string }> {
  return new Promise((done, failed) => {
    const stream = options.shown === 'as it comes' ? 'inherit' : 'pipe'
    const child = spawn(command, [...(options.with ?? [])], {
      cwd: ROOT,
      shell: options.shell ?? false,
      stdio: ['ignore', stream, stream],
      env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}` },
    })
    let output = ''
    for (const one of [child.stdout, child.stderr]) {
      one?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', failed)
    child.once('close', (code) => done({ code: code ?? 128, output }))
  })
}

function report(): never {
  const rows = known.flatMap((name) => results.get(name) ?? [])
  const width = Math.max(...rows.map((one) => one.name.length))
  process.stdout.write('\n')
  for (const { name, passed, failed, problems, failures, seconds } of rows) {
    const verdict = failed === 0 ? 'ok  ' : 'FAIL'
    const time = `${seconds.toFixed(1)} s`.padStart(8)
    process.stdout.write(
      `${verdict} ${name.padEnd(width)} ${String(passed).padStart(5)} passed ${time}  ${problems.join('; ')}\n`,
    )
    for (const failure of failures) process.stdout.write(`     ${failure}\n`)
  }
  const total = (key: 'passed' | 'failed') => rows.reduce((sum, one) => sum + one[key], 0)
  process.stdout.write(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all\n`)
  process.stdout.write(`${total('passed')} passed, ${total('failed')} failed\n`)
  process.exit(total('failed') === 0 ? 0 : 1)
}
