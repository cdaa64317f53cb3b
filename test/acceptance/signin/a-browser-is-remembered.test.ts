/** A remembered browser is a signal beside the password, and never a second step (R129). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { redeem } from '../../support/person-browser.ts'
import { createBrowser } from '../support/browser.ts'
import { claimsOf } from '../support/world.ts'
import {
  atSecondStep,
  eventsOf,
  heading,
  isIn,
  type SecondStep,
  type SecondSteps,
  send,
  startSecondSteps,
} from './second-steps.ts'

let world: SecondSteps
beforeAll(async () => {
  world = await startSecondSteps()
})
afterAll(() => world.close())

const amrOf = async ({ asked, page }: SecondStep) => {
  const answer = await redeem(world.token, { ...asked, code: page.left?.searchParams.get('code') ?? '' })
  return claimsOf(answer.body.access_token).amr
}
/** What a browser keeps when its session is over. */
const longLived = (step: SecondStep) => {
  const browser = createBrowser()
  for (const [key, value] of step.browser.cookies) if (key.includes('_browser_')) browser.cookies.set(key, value)
  return browser
}

it('is not offered where the realm remembers none, and is not done where nobody asked', async () => {
  const step = await atSecondStep(world, world.sts.mary)
  expect(step.page.html).not.toContain('name="remember"')
  const done = await send(step, '/factor', { code: await world.totp(), remember: 'yes' })
  expect([isIn(done.page), [...longLived(done).cookies.keys()]]).toEqual([true, []])
})

it('is known at the next password, asks for the second step all the same, and is not known for somebody else', async () => {
  await world.changeSettings({ rememberBrowserDays: 30 })
  world.pass(30)
  const unasked = await send(await atSecondStep(world, world.sts.mary), '/factor', { code: await world.totp() })
  expect([isIn(unasked.page), [...longLived(unasked).cookies.keys()]]).toEqual([true, []])
  world.pass(30)
  const step = await atSecondStep(world, world.sts.mary)
  const done = await send(step, '/factor', { code: await world.totp(), remember: 'yes' })
  expect(await amrOf(done)).toEqual(['pwd', 'otp', 'mfa'])
  const cookies = [...longLived(done).cookies.keys()].filter((key) => !key.includes('.sig'))
  expect(cookies).toEqual([expect.stringMatching(/^postern_browser_.*;\/[0-9a-f-]{36}$/)])
  expect(await eventsOf(world, world.sts.mary)).toContain('browser.remembered')

  world.pass(86_400)
  const again = await atSecondStep(world, world.sts.mary, { browser: longLived(done) })
  expect(heading(again.page)).toBe('Enter your code')
  expect(await amrOf(await send(again, '/factor', { code: await world.totp() }))).toEqual(['pwd', 'rba', 'otp', 'mfa'])

  const other = await world.sts.addPerson({ name: 'otto', factor: true })
  const foreign = await atSecondStep(world, other, { browser: longLived(done) })
  expect(await amrOf(await send(foreign, '/factor', { code: await world.totp(other) }))).toEqual(['pwd', 'otp', 'mfa'])

  await world.sts.kept.rememberedBrowsers.removeAll(world.sts.mary.account.id)
  world.pass(30)
  const forgotten = await atSecondStep(world, world.sts.mary, { browser: longLived(done) })
  expect(await amrOf(await send(forgotten, '/factor', { code: await world.totp() }))).toEqual(['pwd', 'otp', 'mfa'])
})
