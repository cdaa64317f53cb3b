/**
 * `pnpm mutate [group...]`: Stryker changes packages/resource-server in thousands of small ways, one at a time, and tells which changes
 * no test notices. Groups: scripts/mutation-groups.ts; `--only token-form` takes the files of them whose names have the word. Works in a copy of the working tree; nothing here is touched.
 *
 * It owns the copy, the order and the summary `.attack/mutation.json`, where each file keeps its newest result. Exit 1 when a file that
 * was run is below `--at-least` (95), 2 for wrong usage. How a mutant is tried: scripts/mutation-runner.ts.
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readWords } from './command-words.ts'
import { MUTATION_GROUPS, type MutationGroup } from './mutation-groups.ts'
import { joinResults, type MutationSummary, readReport, type StrykerReport } from './mutation-results.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PACKAGE = 'packages/resource-server'
/** Its command; the package shows only its library. */
const STRYKER = fileURLToPath(new URL('../../bin/stryker.js', import.meta.resolve('@stryker-mutator/core')))
const OUT = join(ROOT, '.attack', 'mutation.json')

const { values, ...given } = readWords(
  `usage: pnpm mutate [${Object.keys(MUTATION_GROUPS).join('|')}...] [--only word] [--at-least 95] [--at-once 2]`,
  {
    only: { type: 'string', default: '' },
    'at-least': { type: 'string', default: '95' },
    'at-once': { type: 'string', default: '2' },
  },
  Object.keys(MUTATION_GROUPS),
)
const atLeast = Number(values['at-least'])
const atOnce = Number(values['at-once'])
const names = given.names.length === 0 ? Object.keys(MUTATION_GROUPS) : given.names
if (!(atLeast >= 0 && atLeast <= 100)) given.misused('--at-least needs a number from 0 to 100')
if (!(Number.isInteger(atOnce) && atOnce >= 1)) given.misused('--at-once needs a whole number above 0')

const copy = await mkdtemp(join(tmpdir(), 'postern-mutate-'))
const running = new Set<ReturnType<typeof spawn>>()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // With its workers, which outlive it otherwise.
    for (const { pid } of running) if (pid !== undefined) process.kill(-pid, signal)
    rmSync(copy, { recursive: true, force: true })
    process.exit(130)
  })
let summary: MutationSummary | undefined
const ran = new Set<string>()
try {
  await copyTree()
  for (const name of names) {
    const group = MUTATION_GROUPS[name]
    const mutate = (group?.mutate ?? []).filter((file) => file.includes(values.only))
    if (group === undefined || mutate.length === 0) continue
    process.stderr.write(`${name}: ${mutate.join(', ')}; the results come when all are tried\n`)
    const results = readReport(await stryker(name, { ...group, mutate }))
    for (const { file } of results) ran.add(file)
    // Read again each time: another run may have added its own.
    const before = existsSync(OUT) ? (JSON.parse(await readFile(OUT, 'utf8')) as MutationSummary) : undefined
    // A file that was moved or is gone has no figures.
    const there = before && { ...before, results: before.results.filter(({ file }) => existsSync(join(ROOT, PACKAGE, file))) }
    summary = joinResults(there, results, { at: new Date().toISOString(), commit: await commit() })
    await mkdir(dirname(OUT), { recursive: true })
    await writeFile(OUT, `${JSON.stringify(summary, undefined, 2)}\n`)
    for (const { file, killed, mutants, score, survivors } of results) {
      process.stdout.write(`${score.toFixed(1).padStart(5)} %  ${killed}/${mutants}  ${file}\n`)
      for (const { line, column, mutator, status, replacement } of survivors)
        process.stdout.write(
          `         ${line}:${column} ${mutator} ${status}: ${replacement.replace(/\s+/g, ' ').slice(0, 90)}\n`,
        )
    }
  }
} finally {
  await rm(copy, { recursive: true, force: true })
}
if (summary?.results.some(({ file, score }) => ran.has(file) && score < atLeast)) process.exitCode = 1

/** What git knows of and what it would take in, with the modules where they are. */
async function copyTree(): Promise<void> {
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', PACKAGE], { cwd: ROOT })
  for (const file of stdout.split('\n')) {
    if (file !== '' && existsSync(join(ROOT, file))) await cp(join(ROOT, file), join(copy, file))
  }
  for (const folder of ['.', PACKAGE]) await symlink(join(ROOT, folder, 'node_modules'), join(copy, folder, 'node_modules'))
}

async function stryker(name: string, { mutate, tests }: MutationGroup): Promise<StrykerReport> {
  const folder = join(copy, PACKAGE)
  const report = join(copy, `${name}.json`)
  const config = {
    packageManager: 'pnpm',
    plugins: [join(ROOT, 'scripts', 'mutation-runner.ts')],
    testRunner: 'in-process',
    mutate: mutate.map((file) => `src/${file}.ts`),
    coverageAnalysis: 'perTest',
    concurrency: atOnce,
    inPlace: true, // in the copy
    reporters: ['json'],
    jsonReporter: { fileName: report },
    // A mutant that never ends is stopped by Stryker's count of loops; this is for the rest, on a machine that is busy.
    timeoutMS: 60_000,
    checkers: [],
  }
  await writeFile(join(folder, 'stryker.config.json'), JSON.stringify(config))
  const files = tests.map((file) => `src/${file}.test.ts`)
  const child = spawn(process.execPath, [STRYKER, 'run'], {
    cwd: folder,
    env: { ...process.env, POSTERN_MUTATION_TESTS: files.join(' '), NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // a group of its own, to be ended as one
  })
  running.add(child)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-100_000)
  })
  const code = await new Promise<number>((done) => child.once('close', (ended) => done(ended ?? 128)))
  running.delete(child)
  if (code !== 0 || !existsSync(report)) {
    process.stderr.write(`${said}\nStryker ended with ${code}\n`)
    rmSync(copy, { recursive: true, force: true })
    process.exit(2)
  }
  return JSON.parse(await readFile(report, 'utf8')) as StrykerReport
}

async function commit(): Promise<string> {
  const { stdout } = await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT })
  const { stdout: changed } = await run('git', ['status', '--porcelain', PACKAGE], { cwd: ROOT })
  return `${stdout.trim()}${changed === '' ? '' : '+'}`
}
