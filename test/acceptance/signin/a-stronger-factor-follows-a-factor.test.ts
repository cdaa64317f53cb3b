/** Where a passkey is asked for and none is bound, the factor that there is comes first, and lately (R107, R121). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBrowser, textOf } from '../support/browser.ts'
import { authorization, signedIn } from '../support/world.ts'
import { atSecondStep, heading, isIn, type SecondSteps, send, startSecondSteps } from './second-steps.ts'

let world: SecondSteps
beforeAll(async () => {
  world = await startSecondSteps()
})
afterAll(() => world.close())

const strong = {
  claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:postern:acr:phishing-resistant' } } }),
}

it('asks for the app, then leads to a passkey and to nothing weaker', async () => {
  const step = await atSecondStep(world, world.sts.mary, { change: strong })
  expect(heading(step.page)).toBe('Enter your code')
  const kinds = await send(step, '/factor', { code: await world.totp() })
  expect([isIn(kinds.page), heading(kinds.page)]).toEqual([false, 'Set up your second step'])
  expect(textOf(kinds.page.html)).toContain('Passkey or security key')
  expect(textOf(kinds.page.html)).not.toContain('Authenticator app')
  const csrf = kinds.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
  const weaker = await kinds.browser.post(`${kinds.page.url}/enroll`, { csrf, method: 'totp' })
  expect(weaker.html).not.toMatch(/secret=/)
  const key = await send(kinds, '/enroll', { method: 'webauthn' })
  expect(heading(key.page)).toBe('Create a passkey')
  expect(key.page.html).toContain('data-webauthn="create"')
})

it('asks for the app once more when it was shown long ago, and goes on from there', async () => {
  const browser = await signedIn(world)
  world.pass(11 * 60)
  const asked = authorization(world, { change: strong })
  const page = await browser.open(asked.url)
  expect([heading(page), textOf(page.html).includes('Before you set up another way')]).toEqual(['Enter your code', true])
  const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
  const skipped = await browser.post(`${page.url}/enroll`, { csrf, method: 'webauthn' })
  expect(heading(skipped)).toBe('Enter your code')
  const kinds = await send({ browser, page, asked }, '/factor', { code: await world.totp() })
  expect(heading(kinds.page)).toBe('Set up your second step')

  // The factor was shown in that session: another browser has to show it for itself.
  const other = await atSecondStep(world, world.sts.mary, { browser: createBrowser(), change: strong })
  expect(heading(other.page)).toBe('Enter your code')
})
