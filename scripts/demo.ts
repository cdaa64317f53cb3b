/**
 * `npm start`: Postern with its demo realm, the two Exchange-like mail servers, and a token obtained by a real sign-in.
 *
 * It owns the three child processes and what is printed. The realm, its accounts and `.postern/demo.json` belong to
 * `postern demo`; the sign-in is that of examples/contoso, through the real pages. Nothing is simulated here.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { devNull } from 'node:os'
import { join, relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type DemoFile, loadDemoFile } from '../examples/contoso/src/demo-file.ts'
import { signIn } from '../examples/contoso/src/sign-in.ts'
import { demoEnvironment } from './demo-environment.ts'
import { renderSummary } from './demo-summary.ts'
import { findRunning } from './running-demo.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DATA = join(ROOT, '.postern')
const CONFIG_FILE = 'postern.yaml'
const READY_WITHIN_SECONDS = 60
const STOP_WITHIN_SECONDS = 15

/** The demo cannot go on. The message is for the person at the terminal and says what to do. */
class DemoError extends Error {
  readonly code: 'port_invalid' | 'port_taken' | 'running' | 'child_failed' | 'child_silent'

  constructor(code: DemoError['code'], message: string) {
    super(message)
    this.name = 'DemoError'
    this.code = code
  }
}

type Part = { readonly name: string; readonly child: ChildProcess; readonly log: string; said: string }

const parts: Part[] = []
let stopping = false
const { inherited, ignored } = demoEnvironment(process.env)

process.on('SIGINT', () => void stop(0))
process.on('SIGTERM', () => void stop(0))

try {
  const left = [...ignored, ...(existsSync(join(ROOT, CONFIG_FILE)) ? [CONFIG_FILE] : [])]
  if (left.length > 0) say(`The demo has settings of its own; ignored: ${left.join(', ')}`)
  requireNotRunning()
  const port = portOf('POSTERN_PORT', 8080)
  const mailPort = portOf('POSTERN_DEMO_MAIL_PORT', 8090)
  const cloudPort = portOf('POSTERN_DEMO_CLOUD_PORT', 8091)
  await requireFreePort(port, 'POSTERN_PORT', 'Postern')
  await requireFreePort(mailPort, 'POSTERN_DEMO_MAIL_PORT', 'the demo mail server')
  await requireFreePort(cloudPort, 'POSTERN_DEMO_CLOUD_PORT', 'the demo mail server in the cloud')
  mkdirSync(DATA, { recursive: true, mode: 0o700 })

  say('Starting Postern ...')
  const environment = {
    POSTERN_PORT: String(port),
    POSTERN_DEMO_MAIL_PORT: String(mailPort),
    POSTERN_DEMO_CLOUD_PORT: String(cloudPort),
    POSTERN_DATA_DIR: DATA,
    POSTERN_CONFIG: devNull,
  }
  await start('Postern', 'postern.log', ['packages/sts/bin/postern.js', 'demo'], environment)
  const demo = await loadDemoFile(join(DATA, 'demo.json'))

  say('Starting the demo mail servers, on premises and in the cloud ...')
  const where = { POSTERN_DEMO_FILE: join(DATA, 'demo.json') }
  await start('The demo mail server', 'mail-server.log', ['examples/contoso/src/main.ts'], where)
  await start('The demo mail server in the cloud', 'cloud-server.log', ['examples/contoso/src/main.ts', '--cloud'], where)

  const token = await obtainToken(demo)
  if (!stopping) {
    process.stdout.write(
      await renderSummary({
        demo,
        token,
        logs: parts.map(({ log }) => relative(process.cwd(), log)),
      }),
    )
  }
} catch (error) {
  if (!stopping) {
    process.stderr.write(
      `\n${error instanceof Error && 'code' in error ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    )
    await stop(1)
  }
}

/** Signs Mary in through the pages, with password and code, as her mail client would have her do it. */
async function obtainToken(demo: DemoFile): Promise<string> {
  const [mary] = demo.accounts
  const [redirectUri] = demo.mailClient.redirectUris
  if (mary === undefined || redirectUri === undefined)
    throw new DemoError('child_failed', 'demo.json names no account or no redirect URI of the mail client')
  say(`Signing in ${mary.upn} through the sign-in pages ...`)
  const tokens = await signIn({
    issuer: demo.issuer,
    client: { clientId: demo.mailClient.clientId },
    account: mary,
    redirectUri,
    resource: demo.mailResource,
    scope: `openid offline_access ${['EAS.AccessAsUser.All', 'Mail.Read'].map((scope) => `${demo.mailResource}${scope}`).join(' ')}`,
    wait: (milliseconds) => {
      say(`This code was used before; waiting ${Math.ceil(milliseconds / 1000)} s for the next one ...`)
      return new Promise((resolve) => setTimeout(resolve, milliseconds))
    },
  })
  return tokens.accessToken
}

/** Starts a child and waits until it says that it is ready. Its log goes to a file. */
async function start(
  name: string,
  logName: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const log = join(DATA, logName)
  const child = spawn(process.execPath, [...argv], {
    cwd: ROOT,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const part: Part = { name, child, log, said: '' }
  parts.push(part)
  const file = createWriteStream(log, { flags: 'a', mode: 0o600 })
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      // Standard output names the demo passwords, for people; a log must not (R134).
      if (stream === child.stderr) file.write(text)
      part.said = (part.said + text).slice(-20_000)
      if (/^ready /m.test(part.said)) resolve()
    })
  }
  child.once('error', (cause) => reject(new DemoError('child_failed', `${name} could not be started: ${cause.message}`)))
  child.once('close', (code, signal) => {
    file.end()
    const how = signal === null ? `exit code ${code}` : signal
    const failure = new DemoError(
      'child_failed',
      `${part.said.trimEnd()}\n\n${name} ended (${how}). The last of what it said is above; its log is ${log}.`,
    )
    reject(failure)
    if (!stopping) void died(failure)
  })
  const deadline = setTimeout(
    () =>
      reject(new DemoError('child_silent', `${part.said}\n${name} was not ready after ${READY_WITHIN_SECONDS} s. See ${log}.`)),
    READY_WITHIN_SECONDS * 1000,
  )
  await ready.finally(() => clearTimeout(deadline))
}

/** One part without the other is of no use: when one ends by itself, everything ends, and says why. */
async function died(failure: DemoError): Promise<void> {
  process.stderr.write(`\n${failure.message}\n`)
  await stop(1)
}

/** Asks all children to stop, in reverse order, and leaves when they have. */
async function stop(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  for (const { child } of parts.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_SECONDS * 1000)
    await closed
    clearTimeout(late)
  }
  if (code === 0) process.stdout.write('\nStopped. The data is kept; npm start goes on with it.\n')
  process.exit(code)
}

function portOf(variable: string, fallback: number): number {
  const text = process.env[variable]
  if (text === undefined || text === '') return fallback
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new DemoError(
    'port_invalid',
    `${variable} is "${text}", which is no port. Use a number from 1 to 65535, for example ${variable}=${fallback}.`,
  )
}

function requireNotRunning(): void {
  const pid = findRunning(join(DATA, 'database.lock'))
  if (pid !== undefined)
    throw new DemoError('running', `Postern runs here already, process ${pid}. Use that one, or stop it first.`)
}

/** Finds out before anything starts, because a message about a port should not come from the middle of a log. */
async function requireFreePort(port: number, variable: string, whose: string): Promise<void> {
  const probe = createServer()
  const taken = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    probe.once('error', resolve)
    probe.listen(port, 'localhost', () => probe.close(() => resolve(undefined)))
  })
  if (taken === undefined) return
  const why = taken.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be listened on (${taken.code})`
  throw new DemoError('port_taken', `Port ${port} for ${whose} ${why}. Choose another: ${variable}=${port + 1000} npm start`)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
