import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { type RunningServer, startServer } from './main.ts'
import { createSigningKey } from './protocol/signing-keys.ts'
import { createRealm } from './realms/create-realm.ts'

let directory: string
let running: RunningServer | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-main-'))
})

afterEach(async () => {
  await running?.close()
  running = undefined
  await rm(directory, { recursive: true })
})

const log = pino({ level: 'silent' })

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo // a TCP server has no other kind of address
      server.close(() => resolve(port))
    })
  })
}

type Config = Parameters<typeof startServer>[0]

const configOf = (changes: Partial<Config>): Config => ({
  development: true,
  baseUrl: 'http://localhost',
  host: '127.0.0.1',
  port: 0,
  database: { kind: 'pglite', directory: join(directory, 'database') },
  dataDirectory: directory,
  masterKey: { kind: 'file', path: join(directory, 'master.key') },
  trustedProxies: [],
  formsPerMinute: 300,
  partnerHosts: [],
  delivery: { senders: [] },
  logLevel: 'info',
  workers: 1,
  demoMailPort: 1,
  demoCloudPort: 1,
  ...changes,
})

async function start(changes: Partial<Config>): Promise<{ port: number; server: RunningServer }> {
  const port = changes.port ?? (await freePort())
  const server = await startServer(configOf({ ...changes, port }), { log })
  running = server
  return { port, server }
}

const statusOf = async (port: number, path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status

test('a request in flight is answered while the service stops, and the connection closes', async () => {
  const { port, server } = await start({})
  const made = await createRealm(
    { store: server.store, clock: systemClock, newId: randomUUID, newSigningKey: createSigningKey },
    { displayName: 'Contoso', domain: 'contoso.com' },
  )
  if (made.outcome !== 'created') throw new TypeError('conflict')
  const answered = Promise.withResolvers<{ status: number; connection: string | undefined }>()
  const body = 'grant_type=client_credentials'
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length }
  const inFlight = request(
    { port, host: '127.0.0.1', method: 'POST', path: `/${made.realm.id}/oauth2/v2.0/token`, headers },
    (response) => {
      response
        .resume()
        .on('end', () => answered.resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }))
    },
  )
  inFlight.on('error', answered.reject)
  await new Promise((sent) => inFlight.write(body.slice(0, 5), sent))
  // A second request tells that the first one has arrived.
  expect(await statusOf(port, '/healthz')).toBe(200)
  const closed = server.close()
  running = undefined
  inFlight.end(body.slice(5))
  // No client is named in it, so this is the right answer.
  expect(await answered.promise).toEqual({ status: 400, connection: 'close' })
  await closed
  await expect(statusOf(port, '/healthz')).rejects.toThrow()
})

test('operations answer on their own port only, where they have one', async () => {
  const opsPort = await freePort()
  const { port } = await start({ opsPort })
  expect([await statusOf(opsPort, '/healthz'), await statusOf(port, '/healthz'), await statusOf(port, '/metrics?x')]).toEqual([
    200, 404, 404,
  ])
  expect(await statusOf(opsPort, '/contoso.com/.well-known/openid-configuration')).toBe(404)
  const metrics = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()
  for (const name of ['postern_http_requests_total', 'postern_messages_total', 'postern_notice_mails_total'])
    expect(metrics).toContain(name)
})

test('no spelling of their paths brings the operations back to the public port', async () => {
  const opsPort = await freePort()
  const { port } = await start({ opsPort })
  const ask = (at: number, path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port: at, path, agent: false }, (response) =>
        response.resume().on('end', () => resolve(response.statusCode)),
      )
        .on('error', reject)
        .end()
    })
  for (const path of ['/metrics', '/readyz', '/healthz']) {
    expect(await ask(opsPort, path)).toBe(200)
    for (const spelling of [
      path,
      `${path}?a`,
      `//x${path}`,
      `/.${path}`,
      `${path}/`,
      `/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
    ])
      expect(await ask(port, spelling), spelling).toBe(404)
    for (const spelling of [`http://x${path}`, `${path}#a`, `${path}#?a`, `http://[${path}`, `x${path}`, `${path}\u00a0`])
      expect(await ask(port, spelling), spelling).toBe(400)
  }
})

test('a port that is taken is a refusal that names the setting, and leaves the database free', async () => {
  const other = createServer()
  const port = await new Promise<number>((resolve) =>
    other.listen(0, '127.0.0.1', () => resolve((other.address() as AddressInfo).port)),
  )
  await expect(start({ port })).rejects.toMatchObject({
    code: 'port_taken',
    message: expect.stringContaining('POSTERN_PORT'),
  })
  await new Promise((closed) => other.close(closed))
  expect(await statusOf((await start({})).port, '/healthz')).toBe(200)
})

test('without a master key it starts in development only', async () => {
  const production = configOf({ development: false, baseUrl: 'https://login.contoso.com' })
  await expect(startServer(production, { log })).rejects.toMatchObject({ code: 'master_key_missing' })
})
