/** SIGTERM while mail servers wait for news: they are answered, not cut off, and nobody waits for their time to be over. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { startPostgres } from '@postern/storage/contract'
import { startSts } from '@postern/sts/testing'
import { expect, it, onTestFinished } from 'vitest'
import { startStsProcess } from '../support/sts-process.ts'

it('answers whoever waits for events, and ends in order', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const databaseUrl = await server.createDatabase()
  const sts = await startSts({ databaseUrl })
  onTestFinished(() => sts.close())
  const process = await startStsProcess({ databaseUrl, masterKey: sts.masterKey, baseUrl: sts.baseUrl })
  onTestFinished(() => process.kill())

  const { clientId, clientSecret } = sts.clients.server
  const { last } = await sts.kept.revocations.bounds()
  const waiting = Array.from({ length: 5 }, () => {
    const asked = request(`${process.address}/${sts.realm.id}/mailgate/events?after=${last}&wait=30`, {
      auth: `${clientId}:${clientSecret}`,
      // The server says so before it begins with the request: then it is in flight.
      headers: { expect: '100-continue' },
    })
    asked.end()
    return { begun: once(asked, 'continue'), answered: once(asked, 'response') as Promise<[IncomingMessage]> }
  })
  await Promise.all(waiting.map(({ begun }) => begun))
  const stopped = process.stop()
  for (const { answered } of waiting) {
    const [answer] = await answered
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk as Buffer) // no encoding is set
    expect([answer.statusCode, JSON.parse(Buffer.concat(chunks).toString('utf8'))]).toEqual([200, { events: [], next: last }])
  }
  expect(await stopped).toBe(0)
})
