/**
 * Codes and refresh tokens under parallel use, on real PostgreSQL with two processes of the service (R21, R39; I1, I2, I5).
 */
import { connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestSts } from '@postern/sts/testing'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PersonBrowser, redeem, refresh, refreshTokenOf, signInOnce, type TokenAnswer } from '../support/person-browser.ts'
import { type StsProcess, startStsProcess } from '../support/sts-process.ts'

const ROUNDS = 30
const PARALLEL = 20

let sts: TestSts
let databaseUrl: string
let processes: readonly [StsProcess, StsProcess]
let browser: PersonBrowser
let endpoints: readonly [string, string]

beforeAll(async () => {
  const server = await startPostgres()
  databaseUrl = await server.createDatabase()
  sts = await startSts({ databaseUrl })
  const common = { databaseUrl, masterKey: sts.masterKey, baseUrl: sts.baseUrl }
  processes = [await startStsProcess(common), await startStsProcess(common)]
  const path = `/${sts.realm.id}/oauth2/v2.0/token`
  endpoints = [`${processes[0].address}${path}`, `${processes[1].address}${path}`]
  browser = await signInOnce(sts)
}, 120_000)

afterAll(async () => {
  for (const one of processes ?? []) await one.kill()
  await sts?.close()
})

const handleOf = (token: string) => String(decodeJwt(token).jti)
const clientId = () => sts.clients.mail.clientId
const endpoint = (at: number): string => endpoints[at % 2 === 0 ? 0 : 1]
const inParallel = (ask: (endpoint: string) => Promise<TokenAnswer>): Promise<TokenAnswer[]> =>
  Promise.all(Array.from({ length: PARALLEL }, (_, at) => ask(endpoint(at))))

describe('one code', () => {
  it(`exchanged ${PARALLEL} times at once gives one 200 and leaves no living token, ${ROUNDS} rounds`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const code = await browser.code()
      const answers = await inParallel((at) => redeem(at, code))
      const given = answers.filter((one) => one.status === 200)
      expect(given.length, `round ${round}: ${answers.map((one) => one.status)}`).toBe(1)
      expect(answers.filter((one) => one.status === 400).length).toBe(PARALLEL - 1)
      const [only] = given
      if (!only) throw new TypeError('counted above')
      const after = await refresh(endpoint(round), clientId(), refreshTokenOf(only))
      expect([after.status, after.body.error], `round ${round}`).toEqual([400, 'invalid_grant'])
    }
  })
})

describe('one refresh token', () => {
  it(`used ${PARALLEL} times at once gives ${PARALLEL} identical answers and one living successor, ${ROUNDS} rounds`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = refreshTokenOf(await redeem(endpoint(round), await browser.code()))
      const answers = await inParallel((at) => refresh(at, clientId(), first))
      expect(
        answers.map((one) => one.status),
        `round ${round}`,
      ).toEqual(Array.from({ length: PARALLEL }, () => 200))
      expect(new Set(answers.map((one) => one.text)).size, `round ${round}`).toBe(1)
      const [answer] = answers
      if (!answer) throw new TypeError('there are twenty')
      const next = await refresh(endpoint(round + 1), clientId(), refreshTokenOf(answer))
      expect(next.status, `round ${round}: ${next.text}`).toBe(200)
    }
  })

  it('that was used before its successor was, ends the family when it comes again', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = refreshTokenOf(await redeem(endpoint(round), await browser.code()))
      const second = refreshTokenOf(await refresh(endpoint(round), clientId(), first))
      const third = refreshTokenOf(await refresh(endpoint(round + 1), clientId(), second))
      const replays = await inParallel((at) => refresh(at, clientId(), first))
      expect(
        replays.every((one) => one.status === 400 && one.body.error === 'invalid_grant'),
        `round ${round}`,
      ).toBe(true)
      for (const token of [first, second, third])
        expect((await refresh(endpoint(round), clientId(), token)).body.error, `round ${round}`).toBe('invalid_grant')
    }
  })

  it('that is revoked while it is being used leaves nothing that works', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = refreshTokenOf(await redeem(endpoint(round), await browser.code()))
      const revoke = fetch(`${processes[0].address}/${sts.realm.id}/oauth2/v2.0/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ token: first, client_id: clientId() }),
      })
      const [answer, revoked] = await Promise.all([refresh(endpoints[1], clientId(), first), revoke])
      expect(revoked.status, `round ${round}`).toBe(200)
      const left = answer.status === 200 ? [first, refreshTokenOf(answer)] : [first]
      for (const token of left)
        expect((await refresh(endpoint(round), clientId(), token)).body.error, `round ${round}`).toBe('invalid_grant')
    }
  })
})

describe('one family that somebody holds', () => {
  it('keeps half of the sessions waiting at most, and others are answered meanwhile', async () => {
    await using stack = new AsyncDisposableStack()
    const connection = connect({ kind: 'postgres', url: databaseUrl, poolSize: 1 })
    stack.defer(() => connection.close())
    const over = Promise.withResolvers<void>()
    stack.defer(() => over.resolve())
    const [at] = endpoints
    const tokens: string[] = []
    while (tokens.length <= PARALLEL) tokens.push(refreshTokenOf(await redeem(at, await browser.code())))
    const [held = '', ...others] = tokens
    const locked = Promise.withResolvers<void>()
    const holding = sts.store.transaction(async () => {
      await sts.kept.refreshTokens.find(handleOf(held), { lock: true })
      locked.resolve()
      await over.promise
    })
    await locked.promise
    const own = Promise.all(Array.from({ length: PARALLEL }, () => refresh(at, clientId(), held)))
    /** Sessions of the database that wait to look at a row that they hold; what goes the short way waits for none. */
    const waiting = async () =>
      (
        await connection.session(({ query }) =>
          query(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            and query like 'select%for no key update%'`),
        )
      ).length
    while ((await waiting()) === 0);
    let areAnswered = false
    const answers = Promise.all(others.map((token) => refresh(at, clientId(), token))).finally(() => {
      areAnswered = true
    })
    let most = 0
    while (!areAnswered) most = Math.max(most, await waiting())
    expect((await answers).map(({ status }) => status)).toEqual(others.map(() => 200))
    // Half of the ten that a process has.
    expect(most).toBeLessThanOrEqual(5)
    over.resolve()
    await holding
    // Who waited for too long is told to try again, and then gets what the others got.
    await own
    const again = await Promise.all([refresh(at, clientId(), held), refresh(at, clientId(), held)])
    expect(again.map(({ status }) => status)).toEqual([200, 200])
    expect(again[0]?.text).toBe(again[1]?.text)
  })
})
