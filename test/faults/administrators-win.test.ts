/**
 * An administrator who stops an account, with the command `postern`, wins against whoever keeps using it, on real PostgreSQL
 * with two processes of the service (R33, R43).
 */
import type { ClientId, FamilyId } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PersonBrowser, redeem, refresh, refreshTokenOf, signInOnce, type TokenAnswer } from '../support/person-browser.ts'
import { type StsProcess, startStsProcess } from '../support/sts-process.ts'
import { runPostern } from './lab/command.ts'
import { claimsOf } from './lab/history.ts'
import { count } from './lab/sql.ts'

const LOOPS = 4
/** Each redeems this many codes at least before the administrator comes. */
const BEFORE = 3

/** Whether what is shown or the client is found wrong first depends on when the client was read. */
const REFUSALS: readonly string[] = ['400 invalid_grant', '401 invalid_client']

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

/** Resolves when so many sessions of the database wait for a row that somebody holds. */
async function untilWaiting(sessions: number): Promise<void> {
  const waiting = `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  for (let tries = 0; (await count(databaseUrl, waiting)) < sessions; tries += 1)
    if (tries === 2_000) throw new TypeError('nobody waits')
}

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
    await untilWaiting(1)
    await sts.kept.clients.replace({ ...client, status: 'disabled' })
  })
  const answer = await asked
  await sts.kept.clients.replace(client)
  expect(REFUSALS).toContain(`${answer?.status} ${answer?.body.error}`)
})

/** A refresh token of somebody, and how to hold it: whoever refreshes plainly has read all it needs before it waits for the token. */
async function heldToken(name: string) {
  const person = await sts.addPerson({ name, factor: true })
  const path = `/${sts.realm.id}/oauth2/v2.0/token`
  const token = refreshTokenOf(await redeem(`${sts.baseUrl}${path}`, await (await signInOnce(sts, person)).code()))
  const { fam, jti } = claimsOf(token)
  const ask = (address: string) => refresh(`${address}${path}`, sts.clients.mail.clientId, token)
  const rows = (event: string) => sts.kept.audit.list({ accountId: person.account.id, event, limit: 100 })
  return {
    person,
    ask,
    issued: async () => (await rows('token.issued')).length,
    family: () => sts.kept.refreshTokens.family(String(fam) as FamilyId),
    tokensOfFamily: () => count(databaseUrl, `select count(*) from refresh_token where family_id = '${fam}'`),
    /** Lets go when `work` is done, in the same transaction. */
    hold: (work: () => Promise<unknown>) =>
      sts.store.transaction(async () => {
        expect(await sts.kept.refreshTokens.find(String(jti), { lock: true })).toBeDefined()
        await work()
      }),
  }
}

/** What the commands do, statement by statement. */
const ENDINGS = {
  'the account is disabled': async ({ account }: TestPerson) => {
    const because = { at: new Date(), because: 'account disabled' }
    await sts.kept.accounts.signOut(account.id, because.at)
    await sts.kept.refreshTokens.revokeByAccount(account.id, because)
    await sts.kept.artifacts.removeByAccount(account.id)
    const now = await sts.kept.accounts.find(account.id)
    if (!now) throw new TypeError('the account is gone')
    expect(await sts.kept.accounts.replace({ ...now, status: 'disabled' })).toBe('replaced')
  },
  'the sessions of the account are ended': async ({ account }: TestPerson) => {
    const because = { at: new Date(), because: 'signed out' }
    await sts.kept.accounts.signOut(account.id, because.at)
    await sts.kept.refreshTokens.revokeByAccount(account.id, because)
    await sts.kept.artifacts.removeByAccount(account.id)
  },
  'the client is disabled': async () => {
    const client = await sts.kept.clients.find(sts.clients.mail.clientId as ClientId) // the test's own
    if (!client) throw new TypeError('the mail client is gone')
    await sts.kept.clients.replace({ ...client, status: 'disabled' })
    await sts.kept.refreshTokens.revokeByClient(client.id, { at: new Date(), because: 'client disabled' })
  },
} as const

it.each(Object.entries(ENDINGS))('a plain refresh that has read everything when %s gets no token', async (what, end) => {
  const held = await heldToken(what.replaceAll(' ', '-'))
  const before = await held.issued()
  const asked: Promise<TokenAnswer>[] = []
  await held.hold(async () => {
    asked.push(held.ask(other.address), held.ask(sts.baseUrl))
    await untilWaiting(2)
    await end(held.person)
  })
  const answers = await Promise.all(asked)
  const client = await sts.kept.clients.find(sts.clients.mail.clientId as ClientId)
  if (client?.status === 'disabled') await sts.kept.clients.replace({ ...client, status: 'active' })
  for (const answer of answers) expect(REFUSALS, answer.text).toContain(`${answer.status} ${answer.body.error}`)
  expect([await held.issued(), await held.tokensOfFamily()]).toEqual([before, 1])
  expect((await held.family())?.revokedAt).toBeInstanceOf(Date)
  // Nothing of before comes back with it.
  expect((await held.ask(other.address)).status).toBe(400)
})

it('of two plain refreshes that have read the same unused token one rotates it, and both get that answer', async () => {
  const held = await heldToken('twice')
  const before = await held.issued()
  const asked: Promise<TokenAnswer>[] = []
  await held.hold(async () => {
    asked.push(held.ask(other.address), held.ask(sts.baseUrl))
    await untilWaiting(2)
  })
  const [one, two] = await Promise.all(asked)
  expect([one?.status, two?.status]).toEqual([200, 200])
  expect(one?.text).toBe(two?.text)
  expect([await held.issued(), await held.tokensOfFamily()]).toEqual([before + 1, 2])
})
