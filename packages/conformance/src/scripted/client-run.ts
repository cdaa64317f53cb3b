/**
 * Lets the client under test act once: as a program, as a function, or by somebody's hand.
 *
 * It owns what the client is told and when it has ended. What it did is for the stage to see.
 */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { pause } from '../clock.ts'
import { ConformanceError } from '../errors.ts'
import type { ClientSetting, ClientUnderTest } from '../known-parties.ts'

/** `mail`: it says that it got its mail. `hung`: its time was over. `absent`: nobody came. */
export type Outcome = 'mail' | 'gave up' | 'hung' | 'absent'

export interface ClientRun {
  readonly outcome: Outcome
  /** The end of what it wrote on standard error. */
  readonly said: string
}

/** What a stage sees while somebody works the client by hand. */
export interface Sight {
  readonly count: () => number
  readonly delivered: () => number
}

const DEFAULT_SECONDS = 30
const SAID = 200
const LOOK_MILLISECONDS = 250

/** What a command finds in its environment. */
function environmentOf(setting: ClientSetting): Readonly<Record<string, string>> {
  const told: Readonly<Record<string, string | number>> = {
    MODULE: setting.module,
    ISSUER: setting.issuer,
    MAIL: setting.mail,
    CLIENT_ID: setting.clientId,
    REDIRECT: setting.redirectUri,
    ADDRESS: setting.address,
    PASSWORD: setting.password,
    FLOW: setting.flow,
    READS: setting.reads,
  }
  const named = Object.entries(told).map(([name, value]) => [`POSTERN_CONFORMANCE_${name}`, String(value)])
  // Plain http beyond this machine goes to the kit, which sees what nobody may see.
  const proxy = { HTTP_PROXY: setting.proxy, http_proxy: setting.proxy, NODE_USE_ENV_PROXY: '1' }
  const direct = { NO_PROXY: 'localhost,127.0.0.1,::1', no_proxy: 'localhost,127.0.0.1,::1' }
  return { ...proxy, ...direct, ...Object.fromEntries(named) }
}

async function runProgram([program = '', ...given]: readonly string[], seconds: number, setting: ClientSetting) {
  const child = spawn(program, given, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environmentOf(setting) },
    signal: AbortSignal.timeout(seconds * 1000),
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-SAID)
  })
  return new Promise<ClientRun>((resolve, reject) => {
    child.once('error', (cause) => {
      if (cause.name === 'AbortError') resolve({ outcome: 'hung', said })
      else reject(new ConformanceError('target_unreachable', `the client cannot be started: ${program}`, { cause }))
    })
    child.once('close', (code) => resolve({ outcome: code === 0 ? 'mail' : 'gave up', said: said.trim() }))
  })
}

async function runFunction(run: NonNullable<ClientUnderTest['run']>, setting: ClientSetting): Promise<ClientRun> {
  try {
    return { outcome: (await run(setting)) === 0 ? 'mail' : 'gave up', said: '' }
  } catch (error) {
    // A program would have ended with its stack on standard error.
    return { outcome: 'gave up', said: error instanceof Error ? error.message.slice(0, SAID) : String(error) }
  }
}

/** The scene is over when the mail was read often enough, or when the time is over. */
async function watchHands(seconds: number, setting: ClientSetting, sight: Sight, say: (line: string) => void) {
  say(`Now: ${setting.module.replaceAll('-', ' ')}`)
  say(`  mail server ${setting.mail}, issuer ${setting.issuer}, ${setting.address}, client ${setting.clientId}`)
  say(`  by ${setting.flow}; read the inbox ${setting.reads === 1 ? 'once' : `${setting.reads} times`}; ${seconds} s from now on`)
  for (let left = seconds * 1000; left > 0 && sight.delivered() < setting.reads; left -= LOOK_MILLISECONDS)
    await pause(LOOK_MILLISECONDS)
  const outcome: Outcome = sight.delivered() > 0 ? 'mail' : sight.count() > 0 ? 'gave up' : 'absent'
  return { outcome, said: '' }
}

/** Runs the client through one scene. @throws {ConformanceError} `target_unreachable` when its command cannot be started. */
export function runClient(client: ClientUnderTest, setting: ClientSetting, sight: Sight): Promise<ClientRun> {
  const seconds = client.waitSeconds ?? DEFAULT_SECONDS
  if (client.run !== undefined) return runFunction(client.run, setting)
  if (client.command !== undefined) return runProgram(client.command, seconds, setting)
  return watchHands(seconds, setting, sight, client.announce ?? (() => undefined))
}
