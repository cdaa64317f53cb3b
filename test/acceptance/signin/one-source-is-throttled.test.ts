/** Many names tried from one address are slowed down together, and the owners of the names notice nothing (R92, R133). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBrowser, type Page, textOf } from '../support/browser.ts'
import { authorization, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

/** From this machine, as every browser of a test. */
async function attempt(name: string, password: string): Promise<Page> {
  const browser = createBrowser()
  return browser.submit(await browser.open(authorization(world, { change: { login_hint: name } }).url), { password })
}

it('an attack on one person names the account in the trail, and nothing else does', async () => {
  const { mary, kept } = world.sts
  expect((await attempt(mary.upn, 'wrong')).status).toBe(422)
  expect((await attempt('nobody@contoso.com', 'wrong')).status).toBe(422)
  const failed = (await kept.audit.list({ limit: 10 })).filter((row) => row.event === 'signin.failed')
  // The clock stands still, so the order of rows tells nothing.
  expect(new Set(failed.map((row) => row.accountId))).toEqual(new Set([undefined, mary.account.id]))
  expect(failed.map((row) => row.source)).toEqual(['127.0.0.1', '127.0.0.1'])
})

it('many wrong ones, each for another name, and then the address is not heard for a while', async () => {
  const { mary, kept, service } = world.sts
  let refused: Page | undefined
  for (let name = 0; name < 30 && refused === undefined; name += 1) {
    const page = await attempt(`invented${name}@contoso.com`, 'wrong')
    if (page.status === 429) refused = page
  }
  expect(refused?.headers.get('retry-after')).toBe('30')
  const counter = { subject: `account:${mary.account.id}`, method: 'password' }
  const before = await kept.attempts.find(counter)
  const paused = await attempt(mary.upn, mary.password)
  expect([paused.status, textOf(paused.html).includes('30 seconds')]).toEqual([429, true])
  expect(await kept.attempts.find(counter)).toEqual(before)

  const elsewhere = { name: mary.upn, password: mary.password, source: '203.0.113.9' }
  expect(await service.accounts.signIn(kept, elsewhere)).toMatchObject({ outcome: 'proved' })
  world.pass(30)
  expect((await attempt(mary.upn, mary.password)).status).toBe(200)
})
