/**
 * Lets the client under test act once: as a program, as a function, or by somebody's hand.
 *
 * It owns what the client is told and when it has ended. What it did is for the stage to see.
 */
import process from 'node:process'
import { pause } from '../clock.ts'
import { ConformanceError } from '../errors.ts'
import type { ClientSetting, ClientUnderTest } from '../known-parties.ts'
import { startProgram } from '../started-programs.ts'

/** `mail`: it says that it got its mail. `hung`: its time was over. `absent`: nobody came. */
export type Outcome = 'mail' | 'gave up' | 'hung' | 'absent'

export interface ClientRun {
  readonly outcome: Outcome
  /** How it ended, where it did not end well, and the beginning of what it wrote on standard error. */
  readonly said: string
}

/** What a stage sees while somebody works the client by hand. */
export interface Sight {
  readonly count: () => number
  readonly delivered: () => number
}

const DEFAULT_SECONDS = 30
const SAID = 200
const MOST_SAID = 64 * 1024
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

/** What went wrong, out of all that a program wrote: the line that names an error, else the first; whole words. */
export function shortly(said: string): string {
  const lines = said.split('\n').map((line) => line.trim())
  const told = lines.find((line) => /^(\w*Error|error|fatal)\b/.test(line)) ?? lines.find((line) => line !== '') ?? ''
  return told.length <= SAID ? told : `${told.slice(0, SAID).replace(/\s+\S*$/, '')} ...`
}

async function runProgram(command: readonly string[], seconds: number, setting: ClientSetting): Promise<ClientRun> {
  const program = startProgram(command, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environmentOf(setting) },
  })
  const { child } = program
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(0, MOST_SAID)
  })
  let isLate = false
  const alarm = setTimeout(() => {
    isLate = true
    program.kill()
  }, seconds * 1000)
  try {
    return await new Promise<ClientRun>((resolve, reject) => {
      child.once('error', (cause) => {
        reject(new ConformanceError('target_unreachable', `the client cannot be started: ${command[0]}`, { cause }))
      })
      child.once('close', (code) => {
        if (isLate) resolve({ outcome: 'hung', said: shortly(said) })
        else if (code === 0) resolve({ outcome: 'mail', said: shortly(said) })
        else resolve({ outcome: 'gave up', said: [`exit code ${code}`, shortly(said)].filter((one) => one !== '').join(': ') })
      })
    })
  } finally {
    clearTimeout(alarm)
    // What it started goes with it: the next scene begins alone.
    program.kill()
  }
}

async function runFunction(run: NonNullable<ClientUnderTest['run']>, setting: ClientSetting): Promise<ClientRun> {
  try {
    return { outcome: (await run(setting)) === 0 ? 'mail' : 'gave up', said: '' }
  } catch (error) {
    // A program would have ended with its stack on standard error.
    return { outcome: 'gave up', said: shortly(error instanceof Error ? error.message : String(error)) }
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
