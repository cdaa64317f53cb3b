#!/usr/bin/env node
/**
 * The first step of `npm start`, `npm run hybrid`, `npm run phone`, `npm test` and `pnpm test:servers`: gets from a bare Node (20 or
 * newer) and npm to the pinned tools, then hands over to a script of package.json under the pinned Node 24.
 *
 * Plain JavaScript without dependencies, because nothing is installed when it starts. It does not build,
 * test or serve anything by itself.
 *
 * Usage: node scripts/bootstrap.mjs <demo|show-hybrid|show-phone|verify|servers> [arguments of the script...]
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BIN = join(ROOT, 'node_modules', '.bin')
const WINDOWS = process.platform === 'win32'

const PNPM = {
  // Without it pnpm asks on a terminal before it replaces a node_modules that another command made.
  CI: 'true',
  // This file already runs the pinned pnpm. pnpm need not look itself up in a registry, which a mirror may not carry.
  pnpm_config_pm_on_fail: 'ignore',
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const [script, ...scriptArguments] = process.argv.slice(2)

/** The workspace projects that `npm start`, `npm run hybrid` and `npm run phone` need. The tests always install all of them. */
const DEMO_PACKAGES = ['postern', '@postern/sts...', '@postern/example-contoso...']
const DEMO_SCRIPTS = ['demo', 'show-hybrid', 'show-phone']

if (script === undefined || typeof manifest.scripts[script] !== 'string') {
  fail(`usage: node scripts/bootstrap.mjs <${Object.keys(manifest.scripts).join('|')}> [arguments]`, 2)
}
if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(
    `Node ${process.versions.node} is too old to start from: this needs Node 20 or newer. The service then brings its own Node 24.`,
    1,
  )
}

await install()
const node = findNode()
const code = await run(node, commandOf(manifest.scripts[script]), {
  stdio: 'inherit',
  // pnpm's .bin first, so that every tool a script starts is the pinned one too.
  env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}` },
})
process.exit(code)

/** Installs exactly what the lock file says. Quiet when it works; shows everything pnpm said when it does not. */
async function install() {
  const started = process.hrtime.bigint()
  const [, version] = /^pnpm@([^+]+)/.exec(manifest.packageManager) ?? []
  if (version === undefined) fail('package.json does not pin pnpm in "packageManager"', 1)
  // A demo needs a third of the packages. A checkout that has the developer's tools keeps them: a smaller install would remove them.
  const small = DEMO_SCRIPTS.includes(script) && !existsSync(join(BIN, WINDOWS ? 'tsc.cmd' : 'tsc'))
  const wanted = small ? [...DEMO_PACKAGES.flatMap((name) => ['--filter', name]), '--prod'] : []
  process.stderr.write(`Installing what is pinned (pnpm ${version}) ... `)

  // No --prefer-offline: with an empty store pnpm 12 then waits more than a minute before its first download.
  const said = []
  const installed = await run(
    WINDOWS ? 'npx.cmd' : 'npx',
    ['--yes', `pnpm@${version}`, ...wanted, 'install', '--frozen-lockfile'],
    { stdio: ['ignore', 'pipe', 'pipe'], shell: WINDOWS, env: { ...process.env, ...PNPM }, onOutput: (text) => said.push(text) },
  )
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000
  if (installed !== 0) {
    process.stderr.write('failed.\n\n')
    fail(
      `${said.join('')}\nThe installation failed with exit code ${installed}. Is the npm registry reachable from here? Run the same command again.`,
      1,
    )
  }
  process.stderr.write(`done in ${seconds.toFixed(1)} s\n`)
}

/** The pinned Node, or the running one when it is new enough, or a message that says what is missing. */
function findNode() {
  const pinned = join(BIN, WINDOWS ? 'node.exe' : 'node')
  if (existsSync(pinned)) return pinned
  const running = Number(process.versions.node.split('.')[0])
  const here = `${process.platform}-${process.arch}`
  if (running >= 24) {
    process.stderr.write(`No pinned Node for ${here}; going on with the Node ${process.versions.node} that is running.\n`)
    return process.execPath
  }
  const known = Object.keys(manifest.optionalDependencies ?? {}).join(', ')
  return fail(
    `There is no pinned Node 24 for ${here}: none of the optional packages ${known} put one into node_modules/.bin. ` +
      'Install Node 24 or newer yourself (https://nodejs.org) and run the same command again.',
    1,
  )
}

/** `node scripts/demo.ts` in package.json becomes the arguments after `node`. */
function commandOf(line) {
  const [program, ...rest] = line.split(' ')
  if (program !== 'node') fail(`the script "${script}" in package.json does not start with node`, 1)
  return [...rest, ...scriptArguments]
}

/** Runs a program and resolves to its exit code; signals that we get are passed on to it. */
function run(program, programArguments, { onOutput, ...options }) {
  return new Promise((resolve) => {
    const child = spawn(program, programArguments, { cwd: ROOT, ...options })
    // On a terminal Ctrl-C reaches the child by itself. We only must outlive it, to hand on its exit code.
    const passOn = Object.fromEntries(
      ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => [
        signal,
        () => {
          if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
        },
      ]),
    )
    for (const [signal, listener] of Object.entries(passOn)) process.on(signal, listener)
    // npm that is told to end takes only its shell along, and nobody would be left to stop the servers.
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event !== undefined && process.ppid !== parent) child.kill('SIGTERM')
    }, 500)
    const settle = (result) => {
      clearInterval(watch)
      for (const [signal, listener] of Object.entries(passOn)) process.off(signal, listener)
      resolve(result)
    }
    if (onOutput !== undefined) {
      child.stdout.setEncoding('utf8').on('data', onOutput)
      child.stderr.setEncoding('utf8').on('data', onOutput)
    }
    child.on('error', (error) => {
      onOutput?.(`${program}: ${error.message}\n`)
      if (onOutput === undefined) process.stderr.write(`${program}: ${error.message}\n`)
      settle(127)
    })
    child.on('close', (exitCode, signal) => settle(exitCode ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

/** Says what is wrong and leaves. */
function fail(message, exitCode) {
  process.stderr.write(`${message}\n`)
  process.exit(exitCode)
}
