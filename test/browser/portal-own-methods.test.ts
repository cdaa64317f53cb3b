/** A person keeps the own sign-in methods in a real browser: an app without script, a passkey with it, and a session that grew old. */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PortalStage, startPortalStage } from './portal-stage.ts'
import { addAuthenticator } from './virtual-authenticator.ts'

let stage: PortalStage
beforeAll(async () => {
  stage = await startPortalStage()
})
afterAll(() => stage?.close())

const factorsOf = async ({ account }: TestPerson) =>
  (await stage.sts.kept.authenticators.list(account.id)).map(({ method, label, isDefault, state }) => ({
    method,
    label,
    isDefault,
    state,
  }))

it('adds a second app, renames it, has it asked for first, and removes the other one, without script', async () => {
  const person = await stage.somebody()
  const { page, close } = await stage.open({ javaScriptEnabled: false })
  await page.goto(stage.portal('/methods'))
  await stage.signIn(page, person)
  await page.getByRole('link', { name: 'Add a method' }).click()
  await page.getByRole('button', { name: /^Authenticator app/ }).click()
  const secret = (await page.innerText('code.key')).replaceAll(/\s/g, '')
  await page.fill('input[name=answer]', await stage.code(secret))
  await page.press('input[name=answer]', 'Enter')
  await page.getByRole('heading', { name: 'Save your recovery codes' }).waitFor()
  await page.getByRole('link', { name: 'I have saved them' }).click()

  await page.getByRole('link', { name: 'Change Authenticator app' }).click()
  await page.fill('input[name=label]', 'Tablet')
  await page.press('input[name=label]', 'Enter')
  await page.getByRole('link', { name: 'Change Tablet' }).click()
  await page.getByRole('button', { name: 'Ask for this one first' }).click()
  await page.getByRole('link', { name: 'Change Test' }).click()
  await page.getByRole('link', { name: 'Remove this method' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.waitForURL('**/portal/methods')
  expect(await factorsOf(person)).toEqual([{ method: 'totp', label: 'Tablet', isDefault: true, state: 'active' }])

  // It is the last one, and the realm asks everybody for a second factor.
  await page.getByRole('link', { name: 'Change Tablet' }).click()
  await page.getByRole('link', { name: 'Remove this method' }).click()
  expect(await page.innerText('h1')).toBe('Tablet cannot be removed yet')
  await close()
})

it('adds a passkey, which signs in by itself from then on', async () => {
  const person = await stage.somebody()
  const { page, close } = await stage.open()
  await addAuthenticator(page)
  await page.goto(stage.portal('/add'))
  await stage.signIn(page, person)
  await page.getByRole('button', { name: /^Passkey/ }).click()
  await page.getByRole('button', { name: 'Create passkey' }).click()
  await page.getByRole('heading', { name: 'Save your recovery codes' }).waitFor()
  expect((await factorsOf(person)).map(({ method, label }) => [method, label])).toEqual([
    ['totp', 'Test'],
    ['webauthn', 'Passkey'],
  ])

  await page.context().clearCookies()
  await page.goto(stage.portal('/add'))
  // The field of the name offers it, and this authenticator takes up every offer.
  await page.getByRole('heading', { name: 'Add a sign-in method' }).waitFor()
  await close()
})

it('asks a session of eleven minutes again before any change, and comes back to where it was', async () => {
  const person = await stage.somebody()
  const { page, close } = await stage.open()
  await page.goto(stage.portal('/methods'))
  await stage.signIn(page, person)
  await page.getByRole('link', { name: 'Change Test' }).click()
  await page.fill('input[name=label]', 'Too late')
  stage.pass(601)
  await page.press('input[name=label]', 'Enter')
  await stage.signIn(page, person)
  await page.waitForURL('**/portal/methods/*')
  expect(await page.inputValue('input[name=label]')).toBe('Test')
  expect((await factorsOf(person)).map(({ label }) => label)).toEqual(['Test'])
  await close()
})
