/** Guessing a password is slowed down, over all browsers together, and the owner comes in again (R89, R90, R91). */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { asksFor, createBrowser, type Page } from '../support/browser.ts'
import { authorization, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
// What was wrong in a row before is forgotten with one right password.
beforeEach(async () => {
  world.pass(2 * 86_400)
  await attempt(world.sts.mary.password)
})
afterAll(() => world.close())

/** No two are equal: those would be one guess, see one-old-password-locks-nobody-out.test.ts. */
let mistakes = 0
const wrong = () => {
  mistakes += 1
  return `wrong ${mistakes}`
}

async function attempt(password: string, name = world.sts.mary.upn): Promise<Page> {
  const browser = createBrowser()
  const page = await browser.open(authorization(world, { change: { login_hint: name } }).url)
  return browser.submit(page, { password })
}

it('five wrong ones, each from a browser of its own, and then nobody is heard for a while', async () => {
  for (let time = 1; time <= 5; time += 1) expect((await attempt(wrong())).status, `attempt ${time}`).toBe(422)
  const paused = await attempt(world.sts.mary.password)
  expect([paused.status, asksFor(paused, 'code')]).toEqual([429, false])
  const seconds = Number(paused.headers.get('retry-after'))
  expect(seconds).toBeGreaterThanOrEqual(29)
  world.pass(seconds - 1)
  expect((await attempt(world.sts.mary.password)).status).toBe(429)
  world.pass(1)
  expect(asksFor(await attempt(world.sts.mary.password), 'code')).toBe(true)
})

it('the pause doubles, and a day holds seven failures from one network', async () => {
  const pauses: number[] = []
  let failures = 0
  for (let round = 0; round < 40; round += 1) {
    const page = await attempt(wrong())
    if (page.status === 422) {
      failures += 1
      continue
    }
    const seconds = Number(page.headers.get('retry-after'))
    pauses.push(seconds)
    if (seconds > 3600) break
    world.pass(seconds)
  }
  expect(failures).toBe(7)
  expect(pauses.slice(0, 2)).toEqual([30, 60])
  expect(pauses.at(-1)).toBeGreaterThan(20 * 3600)
  expect((await attempt(world.sts.mary.password)).status).toBe(429)
})

it('forty at the same moment are not forty guesses', async () => {
  const pages = await Promise.all(Array.from({ length: 40 }, () => attempt(wrong())))
  const heard = pages.filter((page) => page.status === 422).length
  expect(heard).toBeLessThanOrEqual(5)
  expect(pages.filter((page) => page.status === 422 || page.status === 429 || page.status === 503).length).toBe(40)
})

it('all names of one account are one account', async () => {
  await world.changeAccount(world.sts.mary, { furtherAddresses: ['m.rivera@contoso.com', 'office@contoso.com'] })
  for (const name of [
    'm.rivera@contoso.com',
    'OFFICE@contoso.com',
    'mary@contoso.com',
    ' Mary@Contoso.com ',
    'm.rivera@contoso.com',
  ])
    expect((await attempt(wrong(), name)).status, name).toBe(422)
  for (const name of ['mary@contoso.com', 'office@contoso.com'])
    expect((await attempt(world.sts.mary.password, name)).status, name).toBe(429)
})

it('one account’s guesses do not stop another', async () => {
  for (let time = 1; time <= 6; time += 1) await attempt(wrong())
  expect((await attempt(world.sts.joe.password, world.sts.joe.upn)).status).toBe(200)
})
