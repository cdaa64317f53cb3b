/**
 * Postern with one server that may ask for actor tokens, in processes of its own. With `POSTERN_BENCH_DATABASE` the service runs
 * on that PostgreSQL as an operator starts it, `postern serve` with a worker for each core; otherwise on the embedded database
 * in memory, which has one process alone. Says where to ask and with which key, and counts audit rows when it is asked.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startSts, type TestSts } from '@postern/sts/testing'

const CLI = fileURLToPath(new URL('../../packages/sts/src/cli.ts', import.meta.url))
const ISSUED = 'actor_token.issued'

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return address.port
}

/** Resolves when it answers. It ends with this process, which is told to by the end of its parent. */
async function serve(databaseUrl: string, sts: Pick<TestSts, 'masterKey' | 'baseUrl'>, port: number): Promise<void> {
  const child = spawn(process.execPath, [CLI, 'serve'], {
    env: {
      ...process.env,
      POSTERN_DATABASE_URL: databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(sts.masterKey).toString('base64'),
      POSTERN_BASE_URL: sts.baseUrl,
      POSTERN_PORT: String(port),
      POSTERN_DEVELOPMENT: 'true',
      POSTERN_WORKERS: String(availableParallelism()),
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
    if (ready) return
    await wait(50)
  }
  throw new TypeError('postern serve was not ready in time')
}

const databaseUrl = process.env.POSTERN_BENCH_DATABASE
const port = databaseUrl === undefined ? undefined : await freePort()
const sts = await startSts(databaseUrl === undefined ? {} : { databaseUrl, baseUrl: `http://localhost:${port}` })
const principal = await sts.addPrincipal()
if (databaseUrl !== undefined && port !== undefined) await serve(databaseUrl, sts, port)

process.on('message', async () => {
  const rows = await sts.kept.audit.list({ event: ISSUED, limit: 10_000_000 })
  process.send?.({ audited: rows.length })
})
const { host } = new URL(sts.baseUrl)
const name = `${principal.clientId}@${principal.realm}`
process.send?.({
  pid: process.pid,
  url: `${sts.issuer}/tokens/OAuth/2`,
  resource: sts.resource.audience,
  header: { alg: 'RS256', typ: 'JWT', x5t: principal.x5t },
  claims: { aud: `00000001-0000-0000-c000-000000000000/${host}@${principal.realm}`, iss: name, nameid: name },
  privateKey: principal.privateKey,
})
process.on('disconnect', () => process.exit(0))
