/**
 * What an administrator or a person ended does not come back, whatever requests are in flight (R43, R127, R33, I6, I11).
 */
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PersonBrowser, redeem, refresh, refreshTokenOf, signInOnce } from '../support/person-browser.ts'

const ROUNDS = 5
const LOOPS = 6

let sts: TestSts

beforeAll(async () => {
  const server = await startPostgres()
  sts = await startSts({ databaseUrl: await server.createDatabase() })
}, 120_000)

afterAll(() => sts?.close())

const endpoint = () => `${sts.issuer}/oauth2/v2.0/token`

/** Asks for codes in loops while `work` runs, and once more afterwards; resolves when nothing is in flight any more. */
async function whileAsking(browser: PersonBrowser, work: () => Promise<void>): Promise<void> {
  let over = false
  const loops = Array.from({ length: LOOPS }, async () => {
    while (!over) await browser.code().catch(() => undefined)
  })
  await work()
  over = true
  await Promise.all(loops)
}

/** What `postern account end-sessions` does, statement by statement. */
async function endSessions({ account }: TestPerson): Promise<void> {
  const at = new Date()
  for (let tries = 0; ; tries += 1) {
    try {
      await sts.store.transaction(async () => {
        await sts.kept.accounts.signOut(account.id, at)
        await sts.kept.refreshTokens.revokeByAccount(account.id, { at, because: 'test' })
        await sts.kept.artifacts.removeByAccount(account.id)
      })
      return
    } catch (fault) {
      if (tries >= 10) throw fault
    }
  }
}

it('a session that an administrator ended gives no code, though six requests were in flight', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const person = await sts.addPerson({ name: `round${round}`, factor: true })
    const browser = await signInOnce(sts, person)
    await browser.code()
    await whileAsking(browser, () => endSessions(person))
    await expect(browser.code(), `round ${round}`).rejects.toThrow(/no code/)
  }
})

it('a session that its owner ended gives no code, though requests were in flight', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const person = await sts.addPerson({ name: `owner${round}`, factor: true })
    const browser = await signInOnce(sts, person)
    const page = await (await browser.get(`${sts.issuer}/oauth2/v2.0/logout`)).text()
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1]
    expect(xsrf, page).toBeDefined()
    const late = browser.code().catch(() => undefined)
    const answer = await browser.post(`${sts.issuer}/oauth2/v2.0/logout/confirm`, { xsrf: xsrf ?? '', logout: 'yes' })
    await late
    expect(answer.status, `round ${round}`).toBe(303)
    await expect(browser.code(), `round ${round}`).rejects.toThrow(/no code/)
  }
})

it('tokens from before do not work, tokens from after do, even in the same second', async () => {
  const person = await sts.addPerson({ name: 'second', factor: true })
  const before = await signInOnce(sts, person)
  const old = refreshTokenOf(await redeem(endpoint(), await before.code()))
  const unredeemed = await before.code()
  await sts.kept.accounts.signOut(person.account.id, new Date())
  expect((await refresh(endpoint(), sts.clients.mail.clientId, old)).body.error).toBe('invalid_grant')
  expect((await redeem(endpoint(), unredeemed)).body.error).toBe('invalid_grant')
  await expect(before.code()).rejects.toThrow(/no code/)

  const fresh = await sts.addPerson({ name: 'fresh', factor: true })
  await sts.kept.accounts.signOut(fresh.account.id, new Date())
  const after = await signInOnce(sts, fresh)
  expect((await redeem(endpoint(), await after.code())).status).toBe(200)
})
