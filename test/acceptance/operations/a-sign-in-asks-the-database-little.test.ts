/**
 * What a sign-in costs, counted in what it asks of the database: the same on every machine, unlike time. Each question is a
 * round trip, and most of the time of a sign-in beside the hash of the password.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { signInOnce } from '../../support/person-browser.ts'

/** 94 when this was written, 12 of them for the tokens; one that asks more should have a reason. */
const MOST = 98

let sts: TestSts
let asked = 0
const sockets: Socket[] = []

/** Counts what ends a round trip in the stream from a client (PostgreSQL manual, chapter "Message Formats"): Sync or Query. */
function countIn(socket: Socket): void {
  let rest = Buffer.alloc(0)
  let isStarted = false
  socket.on('data', (part: Buffer) => {
    rest = Buffer.concat([rest, part])
    for (;;) {
      // The first message has no type before its length.
      const head = isStarted ? 1 : 0
      if (rest.length < head + 4) return
      const end = head + rest.readUInt32BE(head)
      if (rest.length < end) return
      if (isStarted && 'SQ'.includes(String.fromCharCode(rest[0] ?? 0))) asked += 1
      isStarted = true
      rest = rest.subarray(end)
    }
  })
}

const proxy = createServer()

beforeAll(async () => {
  const server = await startPostgres()
  const url = new URL(await server.createDatabase())
  const { hostname, port } = url
  proxy.on('connection', (client) => {
    const upstream = connect(Number(port), hostname)
    countIn(client)
    sockets.push(client, upstream)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
    }
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  url.hostname = '127.0.0.1'
  url.port = String((proxy.address() as AddressInfo).port) // it listens on a port
  sts = await startSts({ databaseUrl: url.href })
}, 120_000)

afterAll(async () => {
  await sts?.close()
  for (const socket of sockets) socket.destroy()
  proxy.close()
})

it(`a sign-in with password and TOTP, up to the first tokens, asks the database no more than ${MOST} times`, async () => {
  // The first one reads the realm and opens sessions as well.
  await signInOnce(sts, await sts.addPerson({ name: 'first', factor: true }))
  const person = await sts.addPerson({ name: 'second', factor: true })
  asked = 0
  await signInOnce(sts, person)
  expect(asked).toBeGreaterThan(20)
  expect(asked).toBeLessThanOrEqual(MOST)
})
