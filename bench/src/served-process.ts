/** `postern serve` as an operator starts it, in processes of its own, on a free loopback port. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TestSts } from '@postern/sts/testing'

const CLI = fileURLToPath(new URL('../../packages/sts/bin/postern.js', import.meta.url))
const PROBE = fileURLToPath(new URL('./count-hashes.ts', import.meta.url))

export interface ServeOptions {
  readonly databaseUrl: string
  readonly masterKey: Uint8Array
  readonly port: number
  readonly workers: number
  /** A file that grows by one byte for each hash of a password, in whichever of its processes. */
  readonly hashes?: string
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return address.port
}

/** What the service calls itself there. */
export const baseUrlAt = (port: number): TestSts['baseUrl'] => `http://localhost:${port}`

export interface StartedService {
  readonly pid: number
  /** Resolves at the first answer that it is ready. */
  readonly ready: Promise<void>
  /** Ends it as an operator does, and waits for its end. */
  stop(): Promise<void>
}

const TRY_MILLISECONDS = 5
const MOST_MILLISECONDS = 30_000

/** Starts it and does not wait. It ends with this process; its own processes, one for each worker, run below it. */
export function startService(options: ServeOptions & { readonly baseUrl?: string }): StartedService {
  const { databaseUrl, masterKey, port, workers, hashes } = options
  const probe = hashes === undefined ? [] : ['--import', PROBE]
  const child = spawn(process.execPath, [...probe, CLI, 'serve'], {
    env: {
      ...process.env,
      POSTERN_DATABASE_URL: databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(masterKey).toString('base64'),
      POSTERN_BASE_URL: options.baseUrl ?? baseUrlAt(port),
      POSTERN_PORT: String(port),
      POSTERN_DEVELOPMENT: 'true',
      POSTERN_WORKERS: String(workers),
      ...(hashes === undefined ? {} : { POSTERN_BENCH_HASHES: hashes }),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const endWithUs = () => child.kill()
  process.once('exit', endWithUs)
  const until = async () => {
    const start = performance.now()
    while (performance.now() - start < MOST_MILLISECONDS) {
      if (child.exitCode !== null) throw new TypeError(`postern serve ended with ${child.exitCode}`)
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
        (response) => response.ok,
        () => false,
      )
      if (ready) return
      await wait(TRY_MILLISECONDS)
    }
    throw new TypeError('postern serve was not ready in time')
  }
  return {
    pid: child.pid ?? Number.NaN,
    ready: until(),
    async stop() {
      process.off('exit', endWithUs)
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

/** Resolves to its process id when it answers. It ends with this process, which is told to by the end of its parent. */
export async function serve(options: ServeOptions): Promise<number> {
  process.once('SIGTERM', () => process.exit(0))
  const { pid, ready } = startService(options)
  await ready
  return pid
}
