/**
 * A sign-in waits until its owner, at the portal in another browser, types the number that it shows. A wrong number and "It
 * was not me" stop it; a password alone lets nobody in this way.
 */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Browser, createBrowser, type Page, textOf } from '../support/browser.ts'
import { authorization, type World } from '../support/world.ts'
import { eventsOf, formTo, mailsOf, pathOf, send, somebody, startQuietWorld, trailOf, visitPortal } from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())

const acr = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:postern:acr:aal2' } } })

/** Another browser signs in with the password and waits to be approved. */
async function beginSignIn(person: TestPerson): Promise<{ browser: Browser; page: Page; number: string }> {
  const browser = createBrowser({
    headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' },
  })
  let page = await browser.open(authorization(world, { change: { claims: acr } }).url)
  page = await browser.submit(page, { name: person.upn })
  page = await browser.submit(page, { password: person.password })
  const { origin, pathname } = new URL(page.url)
  page = await browser.open(`${origin}${pathname}?way=approval`)
  const number = /(?<=>)\s*(\d\d)\s*(?=<)/.exec(page.html)?.[1]
  if (number === undefined) throw new TypeError(`no number: ${textOf(page.html)}`)
  return { browser, page, number }
}

/** The portal in a browser in which a second factor was shown, at the sign-in that waits. */
async function atWaiting(person: TestPerson) {
  const { browser } = await visitPortal(world, person, '/recovery-codes')
  const waits = await beginSignIn(person)
  const list = await browser.open(`${world.issuer}/portal/approvals`)
  const path = /href="([^"]*\/portal\/approvals\/[^"]+)"/.exec(list.html)?.[1] ?? ''
  return { waits, list, portal: { browser, page: await browser.open(new URL(path, list.url).href) } }
}

it('is told with its app, browser and network, asked about without script, and let in by its number', async () => {
  const mary = await somebody(world)
  const { waits, list, portal } = await atWaiting(mary)
  expect(list.headers.get('refresh')).toBe('4')
  const text = textOf(portal.page.html)
  expect(text).toContain('Contoso Mail for Desktop')
  expect(text).toContain('Firefox · Linux')
  expect(text).toContain('the one that you are in now')
  expect(text).not.toContain(waits.number)
  expect((await send(portal, pathOf(portal.page), { number: '', decision: 'approve' })).status).toBe(422)

  const done = await send(portal, pathOf(portal.page), { number: waits.number, decision: 'approve' })
  expect(textOf(done.html)).toContain('Approved')
  const back = await waits.browser.open(waits.page.url)
  expect(back.left?.searchParams.get('code')).toBeTruthy()
  expect(await eventsOf(world, mary)).toContain('approval.approved')
})

it('ends at a wrong number, for good', async () => {
  const mary = await somebody(world)
  const { waits, portal } = await atWaiting(mary)
  const wrong = String(((Number(waits.number) - 9) % 90) + 10)
  const answer = await send(portal, pathOf(portal.page), { number: wrong, decision: 'approve' })
  expect(answer.status).toBe(422)
  expect(textOf(answer.html)).toContain('The number was not the one')
  const late = await send(portal, pathOf(portal.page), { number: waits.number, decision: 'approve' })
  expect(textOf(late.html)).toContain('That sign-in was stopped')
  expect((await waits.browser.open(waits.page.url)).left).toBeUndefined()
  const denied = (await trailOf(world, mary)).filter(({ event }) => event.startsWith('approval.d'))
  expect(denied.map(({ detail }) => detail.because)).toEqual(['wrong_number'])
})

it('ends when its owner says that it was not them, who is told and led to a new password', async () => {
  const mary = await somebody(world)
  const { waits, portal } = await atWaiting(mary)
  await mailsOf(world, mary)
  const answer = await send(portal, pathOf(portal.page), { decision: 'deny' })
  expect(textOf(answer.html)).toContain('Nobody got in.')
  expect(answer.html).toContain('/portal/password"')
  expect((await waits.browser.open(waits.page.url)).left).toBeUndefined()
  const denied = (await trailOf(world, mary)).filter(({ event }) => event === 'approval.denied')
  expect(denied.map(({ detail, outcome }) => [detail.because, outcome])).toEqual([['not_me', 'refused']])
  expect(await mailsOf(world, mary)).toHaveLength(1)
})

it('is not let in by a session that showed a password alone, nor by another person', async () => {
  const mary = await somebody(world)
  const { waits, portal } = await atWaiting(mary)
  const thief = createBrowser()
  let page = await thief.open(portal.page.url)
  page = await thief.submit(page, { name: mary.upn })
  page = await thief.submit(page, { password: mary.password })
  expect(textOf(page.html)).toContain('Is this you?')
  const answer = await send({ browser: thief, page }, pathOf(page), { number: waits.number, decision: 'approve' })
  expect(answer.forms[0]?.fields.map(({ name }) => name)).toContain('code')
  expect((await waits.browser.open(waits.page.url)).left).toBeUndefined()

  const other = await visitPortal(world, await somebody(world), '/recovery-codes')
  expect((await other.browser.open(portal.page.url)).status).toBe(404)
  const csrf = formTo(other.page, '/recovery-codes').fields.find(({ name }) => name === 'csrf')?.value ?? ''
  for (const decision of ['approve', 'deny'])
    expect((await other.browser.post(portal.page.url, { csrf, decision, number: waits.number })).status).toBe(404)
  expect((await waits.browser.open(waits.page.url)).left).toBeUndefined()
})

it('waits no more after five minutes', async () => {
  const mary = await somebody(world)
  const { portal } = await atWaiting(mary)
  world.pass(301)
  expect(textOf((await portal.browser.open(portal.page.url)).html)).toContain('This sign-in waits no more')
})
