/**
 * What `pnpm test:servers` runs: the stories with real mail servers, which need programs that npm does not carry.
 *
 * It names what is missing and ends with a failure: nothing is skipped. With `--install` it gets it on Debian, as root and
 * without a question, and starts none of the services that the packages bring. Where everything is there it asks nobody.
 *
 * It installs nothing of npm: scripts/bootstrap.mjs did, whatever had run in this clone before.
 *
 * Usage: node scripts/test-servers.ts [--install] [files...]
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { judgeLayer } from './layer-result.ts'
import { aptArguments, describeMissing, missingPrograms } from './server-programs.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Asked by the packages before they start a service; 101 means: do not. */
const POLICY = '/usr/sbin/policy-rc.d'

const words = process.argv.slice(2)
const unknown = words.filter((word) => word.startsWith('-') && word !== '--install' && word !== '--')
if (unknown.length > 0) leave(`unknown: ${unknown.join(', ')}. Usage: pnpm test:servers [--install] [files...]`, 2)
const files = words.filter((word) => !word.startsWith('-'))

if (missing().length > 0 && words.includes('--install')) await install()
const still = missing()
if (still.length > 0) leave(describeMissing(still), 1)
await runStories()

function missing() {
  return missingPrograms({ exists: existsSync, architectures: existsSync('/usr/lib') ? readdirSync('/usr/lib') : [] })
}

async function install(): Promise<void> {
  if (!existsSync('/usr/bin/apt-get')) leave(`There is no apt-get here.\n${describeMissing(missing())}`, 1)
  if (process.getuid?.() !== 0) leave(`Only root may install packages.\n${describeMissing(missing())}`, 1)
  process.stdout.write(`Installing ${aptArguments(missing()).slice(3).join(', ')} ...\n`)
  const own = !existsSync(POLICY)
  if (own) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await apt(['update'])
    await apt(aptArguments(missing()))
  } finally {
    if (own) await rm(POLICY, { force: true })
  }
}

/** Quiet when it works; says all that apt-get said when it does not. */
async function apt(aptWords: readonly string[]): Promise<void> {
  const { code, output } = await run('apt-get', aptWords, {
    shown: false,
    environment: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  })
  if (code !== 0) leave(`${output}\napt-get ${aptWords.join(' ')} ended with ${code}`, 1)
}

async function runStories(): Promise<never> {
  const started = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'postern-servers-'))
  const report = join(folder, 'report.json')
  const { code } = await run(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      'servers',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...files,
    ],
    { shown: true, environment: {} },
  )
  const text = await readFile(report, 'utf8').catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
  const result = judgeLayer('servers', text === undefined ? undefined : JSON.parse(text), code, resolve(ROOT))
  for (const problem of [...result.problems, ...result.failures]) process.stdout.write(`servers: ${problem}\n`)
  process.stdout.write(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all\n`)
  process.stdout.write(`${result.passed} passed, ${result.failed} failed\n`)
  process.exit(result.failed === 0 ? 0 : 1)
}

function run(
  program: string,
  programArguments: readonly string[],
  options: { readonly shown: boolean; readonly environment: Readonly<Record<string, string>> },
): Promise<{ code: number; output: string }> {
  return new Promise((done, failed) => {
    const stream = options.shown ? 'inherit' : 'pipe'
    const child = spawn(program, [...programArguments], {
      cwd: ROOT,
      stdio: ['ignore', stream, stream],
      env: { ...process.env, ...options.environment },
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

function leave(message: string, code: number): never {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}
