/** A database that crashes, hangs or refuses (F3, F5): the service stays up, says so, and recovers by itself. */
import { type FaultProxy, type PostgresServer, startFaultProxy, startPostgres } from '@postern/storage/contract'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  askToken,
  type PersonBrowser,
  redeem,
  refresh,
  refreshTokenOf,
  signInOnce,
  type TokenAnswer,
} from '../support/person-browser.ts'
import { type StsProcess, startStsProcess } from '../support/sts-process.ts'

let server: PostgresServer
let proxy: FaultProxy
let sts: TestSts
let service: StsProcess
let tokens: string
let browser: PersonBrowser

beforeAll(async () => {
  server = await startPostgres({ own: true })
  const databaseUrl = await server.createDatabase()
  sts = await startSts({ databaseUrl })
  proxy = await startFaultProxy(databaseUrl)
  service = await startStsProcess({ databaseUrl: proxy.url, masterKey: sts.masterKey, baseUrl: sts.baseUrl })
  tokens = `${service.address}/${sts.realm.id}/oauth2/v2.0/token`
  browser = await signInOnce(sts)
}, 120_000)

afterAll(async () => {
  await service?.kill()
  await proxy?.close()
  await sts?.close()
  await server?.stop()
})

const ask = (): Promise<TokenAnswer> => {
  const { clientId, clientSecret } = sts.clients.confidential
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  return askToken(
    tokens,
    { grant_type: 'client_credentials', scope: 'https://mail.contoso.com/.default' },
    { authorization: `Basic ${basic}` },
  )
}
const status = (path: string): Promise<number> => fetch(`${service.address}${path}`).then((response) => response.status)
const signinPage = (): Promise<Response> =>
  fetch(`${service.address}/${sts.realm.id}/oauth2/v2.0/authorize?client_id=${sts.clients.mail.clientId}`, {
    headers: { accept: 'text/html' },
  })

/** Asks until it answers 200 again; bounded by count, and each ask by the service itself. */
async function untilItWorks(): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) if ((await ask()).status === 200) return
  throw new TypeError(`the service did not recover: ${service.output()}`)
}

async function expectUnavailable(): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 30 }, ask))
  expect(new Set(answers.map((one) => one.status))).toEqual(new Set([503]))
  const page = await signinPage()
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '2'])
  expect(await status('/healthz')).toBe(200)
  expect(await status('/readyz')).toBe(503)
}

describe('while the database is away', () => {
  it.each(['crashed', 'cut off', 'silent'] as const)(
    '(%s) every answer is 503, and afterwards everything works again',
    async (fault) => {
      expect((await ask()).status).toBe(200)
      const session = refreshTokenOf(await redeem(tokens, await browser.code()))
      if (fault === 'crashed') await server.crash()
      else if (fault === 'cut off') proxy.cut()
      else proxy.swallow()
      await expectUnavailable()
      if (fault === 'crashed') await server.restart()
      else proxy.restore()
      await untilItWorks()
      expect(await status('/readyz')).toBe(200)
      expect((await refresh(tokens, sts.clients.mail.clientId, session)).status).toBe(200)
      expect(service.child.exitCode).toBeNull()
    },
  )

  it('an answer that says 503 says when to come back, and has no token in it', async () => {
    proxy.cut()
    const response = await fetch(tokens, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }) })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
    expect(await response.text()).not.toContain('access_token')
    proxy.restore()
    await untilItWorks()
  })
})
