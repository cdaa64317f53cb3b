/**
 * `pnpm fuzz [names...] [--minutes 60] [--at-once 1] [--install]`: coverage-guided fuzzing of the parsers that meet strangers' bytes, by
 * jazzer.js. A target is a file `x.fuzz.ts` beside `x.ts`; what it learnt stays in `test/attack/corpora/{name}`, kept small.
 *
 * It owns bundling, running and the summary `.attack/fuzz-{name}.json`. What must hold for an input, the targets say. Exit 1 when one
 * found a crash, 2 for wrong usage.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import { readWords } from './command-words.ts'
import { readStatistics } from './fuzz-statistics.ts'
import { type FuzzTarget, fuzzTargets } from './fuzz-targets.ts'
import { findLoader, unpackLibraries } from './newer-libc.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CACHE = join(ROOT, 'node_modules', '.cache', 'postern')
const OUT = join(ROOT, '.attack')
const JAZZER = join(ROOT, 'node_modules', '@jazzer.js', 'core', 'dist', 'cli.js')

const known = await fuzzTargets(ROOT)
const { values, names, misused } = readWords(
  `usage: pnpm fuzz [${known.map(({ name }) => name).join('|')}...] [--minutes 60] [--at-once 1] [--install]`,
  {
    minutes: { type: 'string', default: '60' },
    'at-once': { type: 'string', default: '1' },
    install: { type: 'boolean', default: false },
  },
  known.map(({ name }) => name),
)
const minutes = Number(values.minutes)
const atOnce = Number(values['at-once'])
const targets = known.filter(({ name }) => names.length === 0 || names.includes(name))
if (!(minutes > 0)) misused('--minutes needs a number above 0')
if (!Number.isInteger(atOnce) || atOnce < 1) misused('--at-once needs a whole number above 0')
if (values.install && findLoader(join(CACHE, 'libc')) === 'missing') await unpackLibraries(join(CACHE, 'libc'))
const loader = findLoader(join(CACHE, 'libc'))
if (loader === 'missing')
  misused('jazzer.js needs the GNU C library 2.38; on Debian, `pnpm fuzz --install` unpacks a newer one below node_modules')

await mkdir(OUT, { recursive: true })
const waiting = [...targets]
let crashed = 0
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) crashed += (await fuzz(target)) ? 0 : 1
  }),
)
process.exitCode = crashed > 0 ? 1 : 0

/** One file of CommonJS, so that everything it reaches is instrumented. */
async function bundle({ name, file }: FuzzTarget): Promise<string> {
  const out = join(CACHE, 'fuzz', `${name}.cjs`)
  const build = await rolldown({ input: file, platform: 'node', logLevel: 'silent' })
  await build.write({ file: out, format: 'cjs' })
  return out
}

async function jazzer(
  file: string,
  folders: readonly string[],
  flags: readonly string[],
): Promise<{ code: number; said: string }> {
  const own = ['--sync', '-i', basename(file), ...folders, '--', ...flags]
  const [command = process.execPath, ...before] = loader === 'missing' ? [] : [...loader, process.execPath]
  const child = spawn(command, [...before, JAZZER, file, ...own], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      // The end tells what was found; hours of progress need no memory.
      said = `${said}${text}`.slice(-100_000)
    })
  const code = await new Promise<number>((done) => child.once('close', (ended) => done(ended ?? 128)))
  return { code, said }
}

/** Resolves to whether nothing was found. */
async function fuzz(target: FuzzTarget): Promise<boolean> {
  const { name } = target
  const file = await bundle(target)
  const corpus = join(ROOT, 'test', 'attack', 'corpora', name)
  const learnt = await mkdtemp(join(tmpdir(), `postern-fuzz-${name}-`))
  process.stderr.write(`${name}: ${minutes} minutes\n`)
  const { code, said } = await jazzer(
    file,
    [learnt, corpus],
    [
      `-max_total_time=${Math.round(minutes * 60)}`,
      '-max_len=9000',
      '-timeout=5',
      '-print_final_stats=1',
      `-artifact_prefix=${OUT}/${name}-`,
    ],
  )
  const statistics = readStatistics(said)
  if (code === 0) await keepSmall(file, corpus, learnt)
  await rm(learnt, { recursive: true, force: true })
  const summary = {
    name,
    at: new Date().toISOString(),
    minutes,
    crashed: code !== 0,
    ...statistics,
    kept: (await readdir(corpus)).length,
  }
  await writeFile(join(OUT, `fuzz-${name}.json`), `${JSON.stringify(summary, undefined, 2)}\n`)
  await writeFile(join(OUT, `fuzz-${name}.log`), said)
  process.stdout.write(
    `${name}: ${code === 0 ? 'nothing found' : `FOUND something, see ${OUT}/fuzz-${name}.log`}, ${statistics.runs.toLocaleString('en-US')} inputs, ${statistics.edges} edges; ${summary.kept} inputs kept in test/attack/corpora/${name}, which git tracks\n`,
  )
  return code === 0
}

/** Replaces the kept corpus by the fewest inputs, of it and of what was learnt, that reach the same code. */
async function keepSmall(file: string, corpus: string, learnt: string): Promise<void> {
  await run(process.execPath, [join(ROOT, 'scripts', 'small-corpus.ts'), file, corpus, learnt, corpus])
}
