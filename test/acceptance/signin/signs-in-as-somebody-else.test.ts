/** A browser in which one person is signed in is handed to another, who signs in with another app. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Browser, createBrowser, type Page } from '../support/browser.ts'
import { authorization, startWorld, type World, walk } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const policy of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(policy.id)
})
afterAll(() => world.close())

/** oidc-provider ends the old session by a form that sends itself where scripts run. */
async function past(browser: Browser, page: Page): Promise<Page> {
  return page.forms[0]?.fields.some(({ name }) => name === 'xsrf') ? browser.submit(page) : page
}

it.each([
  ['the portal', 'another app'],
  ['an app', 'the portal'],
  ['the portal', 'the portal'],
])('who was signed in at %s goes, and who signs in for %s stays', async (first, second) => {
  const old = await world.sts.addPerson({ name: `old-${Math.random().toString(36).slice(2, 8)}`, factor: false })
  const next = await world.sts.addPerson({ name: `next-${Math.random().toString(36).slice(2, 8)}`, factor: false })
  const browser = createBrowser()
  const start = (where: string, person: typeof old) =>
    where === 'the portal'
      ? `${world.issuer}/portal/password`
      : authorization(world, { change: { prompt: 'login', login_hint: person.upn } }).url
  await walk(world, browser, await browser.open(start(first, old)), old)
  world.pass(700)
  const asked = second === 'the portal' ? `${world.issuer}/portal/add` : start(second, next)
  const page = await past(browser, await walk(world, browser, await browser.open(asked), next))
  if (second === 'the portal') expect([page.status, page.url]).toEqual([200, `${world.issuer}/portal/add`])
  else expect(page.left?.searchParams.get('code')).toEqual(expect.any(String))
  expect((await browser.open(`${world.issuer}/portal`)).html).toContain(next.upn)
})
