/** A phone that keeps an old password tries it all day; its owner is not locked out by it, and nobody learns from it (R87, R92). */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { asksFor, createBrowser, type Page, textOf } from '../support/browser.ts'
import { authorization, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(() => world.pass(2 * 86_400))
afterAll(() => world.close())

async function attempt(password: string, name = world.sts.mary.upn): Promise<Page> {
  const browser = createBrowser()
  const page = await browser.open(authorization(world, { change: { login_hint: name } }).url)
  return browser.submit(page, { password })
}
const triesLeft = (page: Page) => /You have (\w+) (?:more )?tr(?:y|ies) left/.exec(textOf(page.html))?.[1]

it('200 times the old password, and the owner comes in with the new one', async () => {
  const answers = new Set<string>()
  for (let time = 0; time < 200; time += 1) {
    const page = await attempt('the password of last year')
    answers.add(`${page.status} ${triesLeft(page)}`)
    world.pass(120)
  }
  expect(answers).toEqual(new Set(['422 4']))
  const counter = { subject: `account:${world.sts.mary.account.id}`, method: 'password' }
  expect(await world.sts.kept.attempts.find(counter)).toMatchObject({ consecutive: 1, inWindow: 1 })
  expect(asksFor(await attempt(world.sts.mary.password), 'code')).toBe(true)
})

it('a stranger in the same network who guesses is stopped all the same, however often the phone tries in between', async () => {
  const statuses = []
  for (let guess = 0; guess < 5; guess += 1) {
    statuses.push((await attempt('the password of last year')).status, (await attempt(`guess ${guess}`)).status)
  }
  expect(statuses).toEqual([...Array(8).fill(422), 429, 429])
})

it('a repeated wrong password looks the same for somebody and for nobody', async () => {
  const story = async (name: string) => {
    const pages = []
    for (const password of ['old', 'old', 'other', 'old', 'third', 'other', 'fourth', 'fifth', 'old']) {
      const page = await attempt(password, name)
      pages.push(
        `${page.status} ${page.headers.get('retry-after')} ${textOf(page.html)
          .replaceAll(name, 'NAME')
          .replaceAll(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/g, 'REFERENCE')}`,
      )
    }
    return pages
  }
  const known = await story('mary@contoso.com')
  expect(await story('nobody@contoso.com')).toEqual(known)
  expect(known.at(-1)).toMatch(/^429/)
})

it('what was typed is nowhere in what is kept, and the digests of it are gone after a day', async () => {
  const counter = { subject: `account:${world.sts.mary.account.id}`, method: 'password' }
  await attempt('canary-password')
  const kept = await world.sts.kept.attempts.find(counter)
  expect(kept?.seen).toHaveLength(1)
  expect(JSON.stringify(kept)).not.toContain('canary')
  world.pass(86_400)
  await attempt(world.sts.mary.password)
  expect((await world.sts.kept.attempts.find(counter))?.seen ?? []).toEqual([])
})
