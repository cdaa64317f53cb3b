/** Five digits are a slip and no guess: they are told at the field, and take no try from whoever sent them. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asksFor, createBrowser, textOf } from '../support/browser.ts'
import { type World, walk } from '../support/world.ts'
import { codeFor, eventsOf, keyOn, send, somebody, startQuietWorld, visitPortal } from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())

it('while an app is set up in the portal', async () => {
  const mary = await somebody(world)
  const visit = await visitPortal(world, mary, '/add')
  let page = await send(visit, '/portal/add', { method: 'totp' })
  const secret = keyOn(page)
  for (let times = 0; times < 7; times += 1) {
    page = await send({ ...visit, page }, '/confirm', { answer: '123 45' })
    expect([page.status, textOf(page.html)]).toEqual([422, expect.stringContaining('Type the 6 digits')])
  }
  expect(await eventsOf(world, mary)).not.toContain('factor.enrolment_failed')
  expect((await send({ ...visit, page }, '/confirm', { answer: await codeFor(secret) })).status).toBe(200)
})

it('while somebody signs in', async () => {
  const anna = await somebody(world)
  const browser = createBrowser()
  world.pass(30)
  let page = await browser.open(`${world.issuer}/portal/add`)
  for (let pages = 0; pages < 4 && !asksFor(page, 'code'); pages += 1) {
    const typed = {
      ...(asksFor(page, 'name') && { name: anna.upn }),
      ...(asksFor(page, 'password') && { password: anna.password }),
    }
    page = await browser.submit(page, typed)
  }
  for (let times = 0; times < 7; times += 1) {
    page = await browser.submit(page, { code: '12345' })
    expect([page.status, textOf(page.html)]).toEqual([422, expect.stringContaining('Type the 6 digits')])
  }
  expect(await eventsOf(world, anna)).not.toContain('signin.failed')
  expect((await walk(world, browser, page, anna)).url).toMatch(/\/portal\/add$/)
})
