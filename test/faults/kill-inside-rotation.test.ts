/** kill -9 at every step of a rotation, then an honest retry (F1, I3, I4; security.md section 3.4). */
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PersonBrowser, redeem, refresh, refreshTokenOf, signInOnce } from '../support/person-browser.ts'
import { type SteppingProxy, startSteppingProxy } from '../support/stepping-proxy.ts'
import { freePort, type StsProcess, startStsProcess } from '../support/sts-process.ts'

let sts: TestSts
let proxy: SteppingProxy
let browser: PersonBrowser
let victim: StsProcess
let start: () => Promise<StsProcess>

beforeAll(async () => {
  const server = await startPostgres()
  const databaseUrl = await server.createDatabase()
  sts = await startSts({ databaseUrl })
  proxy = await startSteppingProxy(databaseUrl)
  const port = await freePort()
  start = () => startStsProcess({ databaseUrl: proxy.url, masterKey: sts.masterKey, baseUrl: sts.baseUrl, port })
  victim = await start()
  browser = await signInOnce(sts)
}, 120_000)

afterAll(async () => {
  await victim?.kill()
  await proxy?.close()
  await sts?.close()
})

const tokenPath = () => `/${sts.realm.id}/oauth2/v2.0/token`
const healthy = () => `${sts.baseUrl}${tokenPath()}`
const wounded = () => `${victim.address}${tokenPath()}`
const clientId = () => sts.clients.mail.clientId
const newToken = async () => refreshTokenOf(await redeem(healthy(), await browser.code()))

it('loses no session, whichever step the process dies at, and the chain stays one line', async () => {
  // How many messages one rotation sends, measured and not assumed.
  const sample = await newToken()
  await refresh(wounded(), clientId(), await newToken())
  proxy.arm({ step: Number.MAX_SAFE_INTEGER, when: 'before', strike: () => undefined })
  expect((await refresh(wounded(), clientId(), sample)).status).toBe(200)
  const { messages } = proxy.disarm()
  expect(messages).toBeGreaterThan(2)

  const killed: string[] = []
  for (const when of ['before', 'after'] as const) {
    for (let step = 1, isReached = true; isReached; step += 1) {
      const token = await newToken()
      proxy.arm({ step, when, strike: () => victim.child.kill('SIGKILL') })
      const outcome = await refresh(wounded(), clientId(), token).then(
        (answer) => answer.status,
        () => 'no answer' as const,
      )
      const { struck } = proxy.disarm()
      isReached = struck
      if (struck) killed.push(`${when} ${step}`)
      const retry = await refresh(healthy(), clientId(), token)
      expect(retry.status, `killed ${when} step ${step}, first ${outcome}: ${retry.text}`).toBe(200)
      // The same answer again, for whoever asks a third time; then its successor works, and only it.
      expect((await refresh(healthy(), clientId(), token)).text, `${when} ${step}`).toBe(retry.text)
      expect((await refresh(healthy(), clientId(), refreshTokenOf(retry))).status, `${when} ${step}`).toBe(200)
      if (struck) {
        await victim.kill()
        victim = await start()
        // The first request after a start reads what later ones remember; it must not shift the steps.
        await refresh(wounded(), clientId(), await newToken())
      }
    }
  }
  // A session that sees a statement for the first time is told its text in a message more.
  for (const when of ['before', 'after']) expect(killed.filter((one) => one.startsWith(when)).length).toBeGreaterThan(2)
}, 180_000)
