/** Starts the other processes of a benchmark and speaks with them by messages. They end when this one does. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Forked extends Disposable {
  readonly pid: number
  /** Sends `message` when given, and resolves to the next message that comes back. */
  ask(message?: object): Promise<Readonly<Record<string, unknown>>>
}

function nextMessage(child: ChildProcess, name: string): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((done, failed) => {
    const ended = (code: number | null) => failed(new TypeError(`${name} ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      done(Object(message))
    })
  })
}

export function forkBeside(file: string, environment: Readonly<Record<string, string>> = {}): Forked {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...environment },
  })
  return {
    pid: child.pid ?? Number.NaN,
    ask: (message) => {
      const answer = nextMessage(child, file)
      if (message) child.send(message)
      return answer
    },
    [Symbol.dispose]: () => {
      child.kill()
    },
  }
}

/** Asks, and resolves to one member of the answer. @throws {TypeError} where it has none, with the fault that it tells */
export async function askFor<Answer>(process: Forked, message: object, member: string): Promise<Answer> {
  const answer = await process.ask(message)
  if (answer[member] === undefined) throw new TypeError(`a process of the bench failed: ${String(answer.fault)}`)
  return answer[member] as Answer // our own processes answer what they declare
}
