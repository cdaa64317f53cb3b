/**
 * An administrator who stops an account, with the command `postern`, wins against whoever keeps using it, on real PostgreSQL
 * with two processes of the service (R33, R43).
 */
import type { ClientId } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PersonBrowser, redeem, signInOnce, type TokenAnswer } from '../support/person-browser.ts'
import { type StsProcess, startStsProcess } from '../support/sts-process.ts'
import { runPostern } from './lab/command.ts'
import { count } from './lab/sql.ts'

const LOOPS = 4
/** Each redeems this many codes at least before the administrator comes. */
const BEFORE = 3

let sts: TestSts
let other: StsProcess
let databaseUrl: string

beforeAll(async () => {
  const server = await startPostgres()
  databaseUrl = await server.createDatabase()
  sts = await startSts({ databaseUrl })
  other = await startStsProcess({ databaseUrl, masterKey: sts.masterKey, baseUrl: sts.baseUrl })
}, 120_000)

afterAll(async () => {
  await other?.kill()
  await sts?.close()
})

/** Redeems codes in several loops, at both processes, until it is told to stop or the session is gone. */
function keepRedeeming(browser: PersonBrowser) {
  const path = `/${sts.realm.id}/oauth2/v2.0/token`
  const endpoints = [`${sts.baseUrl}${path}`, `${other.address}${path}`] as const
  const begun = Promise.withResolvers<void>()
  let redeemed = 0
  let stopped = false
  const loop = async (at: number) => {
    while (!stopped) {
      const code = await browser.code().catch((error: unknown) => {
        if (error instanceof TypeError) return undefined // the session is gone
        throw error
      })
      if (code === undefined) return
      await redeem(endpoints[at % 2 === 0 ? 0 : 1], code)
      redeemed += 1
      if (redeemed === LOOPS * BEFORE) begun.resolve()
    }
  }
  const ended = Promise.all(Array.from({ length: LOOPS }, (_, at) => loop(at)))
  return {
    begun: Promise.race([begun.promise, ended]),
    async stop() {
      stopped = true
      await ended
    },
  }
}

it.each(['disable', 'set-password --generate', 'end-sessions', 'reset-factors'])(
  'account %s succeeds while codes of the account are redeemed in parallel',
  async (words) => {
    const [verb = '', ...options] = words.split(' ')
    const person = await sts.addPerson({ name: verb, factor: true })
    const thief = keepRedeeming(await signInOnce(sts, person))
    await thief.begun
    expect(await runPostern({ sts, databaseUrl }, 'account', verb, person.upn, ...options).finally(thief.stop)).toMatchObject({
      code: 0,
    })
  },
)

it('a client that is disabled while one of its codes is redeemed gets no token', async () => {
  const { clientId } = sts.clients.mail
  const client = await sts.kept.clients.find(clientId as ClientId) // the test's own
  if (!client) throw new TypeError('the mail client is gone')
  const code = await (await signInOnce(sts)).code()
  const at = `${other.address}/${sts.realm.id}/oauth2/v2.0/token`
  let asked: Promise<TokenAnswer> | undefined
  // Whoever redeems has read its client before it waits for the code, which is held here until the client is disabled.
  await sts.store.transaction(async () => {
    expect(await sts.kept.artifacts.find('AuthorizationCode', code.code, { lock: true })).toBeDefined()
    asked = redeem(at, code)
    const waiting = `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    for (let tries = 0; (await count(databaseUrl, waiting)) === 0; tries += 1)
      if (tries === 2_000) throw new TypeError('nobody waits for the code')
    await sts.kept.clients.replace({ ...client, status: 'disabled' })
  })
  expect(await asked).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  await sts.kept.clients.replace(client)
})
