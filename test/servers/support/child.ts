/**
 * child runs a program of the system as an ordinary child process and ends it by its pid.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface Child {
  /** What it wrote so far. */
  output(): string
  isRunning(): boolean
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, and gone. */
  stop(): Promise<void>
}

export function startChild(program: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Child {
  const child: ChildProcess = spawn(program, [...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', ...environment },
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      written += text
    })
  child.on('error', (error) => {
    written += `${program}: ${error.message}\n`
  })
  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  return {
    output: () => written,
    isRunning,
    signal: (signal) => void child.kill(signal),
    async stop() {
      if (!isRunning()) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Waits until every port takes connections. */
export async function waitForPorts(child: Child, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    for (let tries = 0; !(await takesConnections(port)); tries += 1) {
      if (!child.isRunning() || tries > 400) throw new TypeError(`nothing listens on ${port}:\n${child.output()}`)
      await wait(25)
    }
  }
}

const takesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

/** The file with every `from` replaced; each must be there, so that an example never changes past its test. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((made, [from, to]) => {
    if (!made.includes(from)) throw new TypeError(`the example holds no ${from}`)
    return made.replaceAll(from, to)
  }, text)
}
