/**
 * Programs that the kit starts for the developer: each in a process group of its own, which ends as a whole.
 *
 * `npm start` starts a shell that starts a server; to end the first alone would leave the last listening, and the next run would
 * talk to it. It owns starting and ending. What a program is told and what it did is for those who start it.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import process from 'node:process'
import { pause } from './clock.ts'

export interface StartedProgram {
  readonly child: ChildProcess
  readonly hasEnded: () => boolean
  /** Ends the whole group: asked first, killed when it does not go within three seconds. May be called again. */
  stop(): Promise<void>
  /** Kills the whole group at once. */
  kill(): void
}

const TRIES = 60
const BETWEEN_MILLISECONDS = 50
/** Windows has no process groups. */
const hasGroups = process.platform !== 'win32'

/** Those that may still run. */
const running = new Set<StartedProgram>()

/** The last moment before the process ends: nothing can be waited for. */
const killAll = (): void => {
  for (const one of running) one.kill()
}

/** Starts a program. That it cannot be started is told by the child's event `error`. */
export function startProgram([program = '', ...given]: readonly string[], options: SpawnOptions): StartedProgram {
  const child = spawn(program, given, { ...options, detached: hasGroups })
  let ended = child.pid === undefined
  /** Whether anybody was there to hear it; signal 0 only asks. */
  const signal = (name: NodeJS.Signals | 0): boolean => {
    if (child.pid === undefined) return false
    try {
      return process.kill(hasGroups ? -child.pid : child.pid, name)
    } catch {
      return false // nobody of the group is left
    }
  }
  const forget = () => {
    running.delete(started)
    if (running.size === 0) process.off('exit', killAll)
  }
  const started: StartedProgram = Object.freeze({
    child,
    hasEnded: () => ended,
    stop: async () => {
      signal('SIGTERM')
      for (let tries = 0; tries < TRIES && (signal(0) || !ended); tries += 1) await pause(BETWEEN_MILLISECONDS)
      signal('SIGKILL')
      forget()
    },
    kill: () => {
      signal('SIGKILL')
      forget()
    },
  } satisfies StartedProgram)
  const finish = () => {
    ended = true
  }
  child.once('exit', finish).once('error', finish)
  if (child.pid === undefined) return started
  if (running.size === 0) process.on('exit', killAll)
  running.add(started)
  return started
}

/** Ends every program that still runs: somebody has interrupted the run. */
export const stopPrograms = async (): Promise<void> => {
  await Promise.all([...running].map((one) => one.stop()))
}
