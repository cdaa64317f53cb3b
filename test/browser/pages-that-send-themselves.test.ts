import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Browser, startChromium } from './chromium.ts'

/** Two pages of oidc-provider are forms that submit themselves by an inline script; our policy must let just that through. */
let browser: Browser
let sts: TestSts
beforeAll(async () => {
  sts = await startSts()
  browser = await startChromium()
})
afterAll(async () => {
  await browser.close()
  await sts.close()
})

test('the link with the code in it, as a device shows it, leads to the question and the answer to the sign-in', async () => {
  const answer = await fetch(`${sts.issuer}/oauth2/v2.0/devicecode`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: sts.clients.mail.clientId, scope: 'openid' }),
  })
  const { verification_uri_complete: link, user_code: code } = (await answer.json()) as Record<string, string>
  const page = await browser.newPage()
  await page.goto(link ?? '')
  await page.getByRole('heading', { name: 'Connect this device?' }).waitFor()
  expect(await page.locator('.shown-code').textContent()).toBe(code)
  await page.getByRole('button', { name: 'Yes, connect it' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.close()
})

test('signing out without being signed in says so at once', async () => {
  const page = await browser.newPage()
  await page.goto(`${sts.issuer}/oauth2/v2.0/logout`)
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  await page.close()
})
