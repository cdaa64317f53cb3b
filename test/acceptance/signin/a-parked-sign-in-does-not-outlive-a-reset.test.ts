/** A password that was proved before an administrator ended everything opens no second step afterwards (R43, R119). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asksFor, createBrowser } from '../support/browser.ts'
import { authorization, startWorld, type World, walk } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

it('half a sign-in is asked for the password again once the account was signed out everywhere', async () => {
  const { joe } = world.sts
  const thief = createBrowser()
  const enrolment = await thief.submit(await thief.open(authorization(world, { change: { login_hint: joe.upn } }).url), {
    password: joe.password,
  })
  expect(enrolment.html).toMatch(/Set up your second step/)
  world.pass(60)
  await world.sts.kept.accounts.signOut(joe.account.id, new Date())
  world.pass(60)
  // Both the page that is open and the whole request again.
  const onward = await thief.submit(enrolment)
  const anew = await thief.open(authorization(world, { change: { login_hint: joe.upn } }).url)
  for (const page of [await thief.open(onward.url), anew]) {
    expect(page.html.includes('otpauth'), page.url).toBe(false)
    expect(asksFor(page, 'password')).toBe(true)
  }
})

it('whoever signs in afterwards is let in', async () => {
  const browser = createBrowser()
  const page = await browser.open(authorization(world, { change: { login_hint: world.sts.mary.upn } }).url)
  await world.sts.kept.accounts.signOut(world.sts.mary.account.id, new Date())
  world.pass(30)
  const done = await walk(world, browser, page)
  expect(done.left?.searchParams.get('code')).toEqual(expect.any(String))
})
