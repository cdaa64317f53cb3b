/**
 * sts-process runs `postern serve` as a process of its own, like the real thing, on the database of a test.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../packages/sts/bin/postern.js', import.meta.url))

export interface StsProcess {
  readonly port: number
  /** `http://127.0.0.1:{port}`; the issuer keeps the name that it was configured with. */
  readonly address: string
  readonly child: ChildProcess
  /** What it wrote so far. */
  output(): string
  /** SIGKILL, and gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves to its exit code. */
  stop(): Promise<number | null>
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

export async function startStsProcess(options: {
  databaseUrl: string
  masterKey: Uint8Array
  baseUrl: string
  port?: number
  environment?: Readonly<Record<string, string>>
  /** What starts another checkout's `postern`; default is this one's. */
  program?: string
}): Promise<StsProcess> {
  const port = options.port ?? (await freePort())
  const child = spawn(process.execPath, [options.program ?? CLI, 'serve'], {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      POSTERN_DATABASE_URL: options.databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(options.masterKey).toString('base64'),
      POSTERN_BASE_URL: options.baseUrl,
      POSTERN_PORT: String(port),
      POSTERN_DEVELOPMENT: 'true',
      POSTERN_LOG_LEVEL: 'warn',
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      written += chunk.toString('utf8')
    })
  const address = `http://127.0.0.1:${port}`
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    return child.exitCode
  }
  for (let tries = 0; tries < 1200; tries += 1) {
    if (child.exitCode !== null) throw new TypeError(`postern serve ended with ${child.exitCode}: ${written}`)
    const ready = await fetch(`${address}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
    if (ready)
      return {
        port,
        address,
        child,
        output: () => written,
        kill: async () => void (await end('SIGKILL')),
        stop: () => end('SIGTERM'),
      }
    await wait(50)
  }
  await end('SIGKILL')
  throw new TypeError(`postern serve was not ready in time: ${written}`)
}
