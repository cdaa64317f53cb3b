/** `postern serve` as an operator starts it, in processes of its own, on a free loopback port. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TestSts } from '@postern/sts/testing'

const CLI = fileURLToPath(new URL('../../packages/sts/src/cli.ts', import.meta.url))
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

/**
 * Resolves to its process id when it answers. It ends with this process, which is told to by the end of its parent; its own
 * processes, one for each worker, run below it.
 */
export async function serve({ databaseUrl, masterKey, port, workers, hashes }: ServeOptions): Promise<number> {
  const probe = hashes === undefined ? [] : ['--import', PROBE]
  const child = spawn(process.execPath, [...probe, CLI, 'serve'], {
    env: {
      ...process.env,
      POSTERN_DATABASE_URL: databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(masterKey).toString('base64'),
      POSTERN_BASE_URL: baseUrlAt(port),
      POSTERN_PORT: String(port),
      POSTERN_DEVELOPMENT: 'true',
      POSTERN_WORKERS: String(workers),
      ...(hashes === undefined ? {} : { POSTERN_BENCH_HASHES: hashes }),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  process.once('exit', () => child.kill())
  process.once('SIGTERM', () => process.exit(0))
  for (let tries = 0; tries < 400; tries += 1) {
    if (child.exitCode !== null) throw new TypeError(`postern serve ended with ${child.exitCode}`)
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
    if (ready && child.pid !== undefined) return child.pid
    await wait(50)
  }
  throw new TypeError('postern serve was not ready in time')
}
