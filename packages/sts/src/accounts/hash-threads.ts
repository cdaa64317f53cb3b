import { Worker } from 'node:worker_threads'
import type { Options } from '@node-rs/argon2'

/** Argon2 in threads of its own. A fault of the hash function is passed on. */
export interface HashThreads {
  /** How many threads there are now. */
  readonly count: number
  /** Returns a PHC string. */
  hash(password: Uint8Array, options: Options): Promise<string>
  verify(stored: string, password: Uint8Array): Promise<boolean>
}

type Job = Readonly<{ password: Uint8Array; stored?: string; options?: Options }>
type Answer = Readonly<{ result: string | boolean } | { failed: unknown }>

interface Turn {
  readonly job: Job
  readonly settle: PromiseWithResolvers<string | boolean>
}

interface Thread {
  readonly worker: Worker
  turn?: Turn
  /** Runs while there is nothing to do. */
  ending?: NodeJS.Timeout
}

/**
 * Hashes on threads of low priority (hash-thread.mjs), not on libuv's pool, where four threads also sign tokens and read files.
 * A thread takes about 11 MiB beside what a hash takes, so none is started before it is needed, `most` at a time are kept, and
 * each ends after `idleMilliseconds` without work. They keep no process alive that has nothing else to do.
 */
export function createHashThreads(options: {
  readonly most: number
  readonly idleMilliseconds?: number
  /** What runs in each thread. */
  readonly script?: URL
}): HashThreads {
  const { most, idleMilliseconds = 60_000, script = new URL('./hash-thread.mjs', import.meta.url) } = options
  const threads = new Set<Thread>()
  const waiting: Turn[] = []

  function start(): Thread {
    const worker = new Worker(script, {
      name: 'hash',
      // Nothing of ours is for it, and least of all what Node itself was started with.
      env: {},
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    })
    const thread: Thread = { worker }
    threads.add(thread)
    worker.on('message', (answer: Answer) => {
      const { turn } = thread
      delete thread.turn
      give(thread)
      if ('failed' in answer) turn?.settle.reject(answer.failed)
      else turn?.settle.resolve(answer.result)
    })
    const lose = (cause: unknown) => {
      if (!threads.delete(thread)) return
      clearTimeout(thread.ending)
      thread.turn?.settle.reject(cause)
      const next = waiting.shift()
      if (next) take(start(), next)
    }
    worker.on('error', lose)
    worker.on('exit', (code) => lose(new TypeError(`a thread that hashes ended with ${code}`)))
    return thread
  }

  function take(thread: Thread, turn: Turn): void {
    clearTimeout(thread.ending)
    thread.turn = turn
    thread.worker.ref()
    thread.worker.postMessage(turn.job, [turn.job.password.buffer as ArrayBuffer]) // made below, of ordinary memory
  }

  function give(thread: Thread): void {
    const next = waiting.shift()
    if (next) {
      take(thread, next)
      return
    }
    thread.worker.unref()
    thread.ending = setTimeout(() => {
      threads.delete(thread)
      void thread.worker.terminate()
    }, idleMilliseconds).unref()
  }

  function run(job: Job): Promise<string | boolean> {
    // A copy, which moves over: a Buffer shares its memory with others, and all of it would be copied.
    const turn: Turn = { job: { ...job, password: new Uint8Array(job.password) }, settle: Promise.withResolvers() }
    const free = [...threads].find((thread) => thread.turn === undefined)
    if (free) take(free, turn)
    else if (threads.size < most) take(start(), turn)
    else waiting.push(turn)
    return turn.settle.promise
  }

  return Object.freeze({
    get count() {
      return threads.size
    },
    hash: async (password: Uint8Array, options: Options) => String(await run({ password, options })),
    verify: async (stored: string, password: Uint8Array) => (await run({ password, stored })) === true,
  } satisfies HashThreads)
}
