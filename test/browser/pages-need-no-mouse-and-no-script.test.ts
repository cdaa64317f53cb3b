import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Browser, type Page, startChromium } from './chromium.ts'
import { serveGallery } from './gallery.ts'

let browser: Browser
let gallery: Awaited<ReturnType<typeof serveGallery>>
beforeAll(async () => {
  gallery = await serveGallery()
  browser = await startChromium()
})
afterAll(async () => {
  await browser.close()
  gallery.close()
})
beforeEach(() => {
  gallery.posted.length = 0
})

const withPage = async (options: { javaScriptEnabled?: boolean }, work: (page: Page) => Promise<void>) => {
  const context = await browser.newContext(options)
  await work(await context.newPage())
  await context.close()
}
/** The page puts the cursor into its field by itself, a moment after it was loaded. */
const openAtField = async (page: Page, exhibit: string) => {
  await page.goto(gallery.address(exhibit))
  await page.locator('input:focus').waitFor()
}
const lastForm = () => Object.fromEntries(new URLSearchParams(gallery.posted.at(-1)?.body))

describe.each([{ javaScriptEnabled: true }, { javaScriptEnabled: false }])('with %j, by keyboard alone', (options) => {
  test('a name is typed and sent', () =>
    withPage(options, async (page) => {
      await openAtField(page, 'name')
      await page.keyboard.type('mary@contoso.com')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/posted')
      expect(lastForm()).toEqual({ csrf: 'gallery', name: 'mary@contoso.com' })
    }))

  test('a password is typed and sent, and the name goes with it', () =>
    withPage(options, async (page) => {
      await openAtField(page, 'password')
      await page.keyboard.type('correct horse')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/posted')
      expect(lastForm()).toEqual({ csrf: 'gallery', name: 'mary.rivera@contoso.com', password: 'correct horse' })
    }))

  test('a code is pasted with its space and sent', () =>
    withPage(options, async (page) => {
      await openAtField(page, 'factor')
      await page.keyboard.insertText('123 456')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/posted')
      expect(lastForm()).toEqual({ csrf: 'gallery', method: 'totp', code: '123 456' })
    }))

  test('a code of a new app is sent with the enrolment that it belongs to', () =>
    withPage(options, async (page) => {
      await openAtField(page, 'enroll-scan')
      await page.keyboard.type('123456')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/posted')
      expect(lastForm()).toEqual({ csrf: 'gallery', authenticatorId: 'a', code: '123456' })
    }))

  test.each<[string, string | RegExp, Record<string, string>]>([
    ['consent', 'Allow', { csrf: 'gallery', decision: 'allow' }],
    ['consent', 'Do not allow', { csrf: 'gallery', decision: 'deny' }],
    ['device-confirm', 'Yes, connect it', { xsrf: 'gallery', user_code: 'BCDF-GHJK', confirm: 'yes' }],
    ['device-confirm', 'No, this was not me', { xsrf: 'gallery', user_code: 'BCDF-GHJK', abort: 'yes' }],
    ['logout', 'Sign out', { xsrf: 'gallery', logout: 'yes' }],
    ['logout', 'Stay signed in', { xsrf: 'gallery' }],
    ['blocked', 'Back to Outlook', { csrf: 'gallery' }],
    ['factor-sms-expired', 'Send a new code', { csrf: 'gallery', way: 'a' }],
    ['factor-undeliverable', 'Try +49 ••••• 78 again', { csrf: 'gallery', way: 'a' }],
    ['factor-approval-expired', 'Get a new number', { csrf: 'gallery', way: 'approval' }],
    ['enroll-kinds', /^Authenticator app/, { csrf: 'gallery', method: 'totp' }],
    ['enroll-kinds-offered', 'Not now', { csrf: 'gallery' }],
    ['enroll-phone-proposed', 'Yes, text it', { csrf: 'gallery', method: 'sms', proposed: 'yes' }],
    ['enroll-phone', 'Call me instead', { csrf: 'gallery', method: 'sms', phone: '', channel: 'voice' }],
    ['enroll-permit', 'Back to Outlook', { csrf: 'gallery' }],
    ['enroll-codes', 'I have saved them', { csrf: 'gallery' }],
    ['enroll-codes-gone', 'Show new codes', { csrf: 'gallery' }],
  ])('%s: "%s" is reached by Tab and pressed', (exhibit, words, form) =>
    withPage(options, async (page) => {
      await page.goto(gallery.address(exhibit))
      const button = page.getByRole('button', { name: words, exact: true })
      for (let presses = 0; presses < 12 && !(await isFocused(button)); presses += 1) await page.keyboard.press('Tab')
      expect(await isFocused(button)).toBe(true)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/posted')
      expect(lastForm()).toEqual(form)
    }),
  )
})

const isFocused = async (button: ReturnType<Page['getByRole']>) =>
  (await button.and(button.page().locator(':focus')).count()) === 1

describe('the button that shows the password', () => {
  test('shows it, hides it, and is never in the way of sending it as a password', () =>
    withPage({}, async (page) => {
      await page.goto(gallery.address('password'))
      const field = page.locator('#password')
      await field.fill('correct horse')
      const button = page.getByRole('button', { name: 'Show password' })
      await button.click()
      expect([await field.getAttribute('type'), await button.getAttribute('aria-pressed')]).toEqual(['text', 'true'])
      await button.click()
      expect(await field.getAttribute('type')).toBe('password')
    }))

  test('is not there without script', () =>
    withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(gallery.address('password'))
      expect(await page.getByRole('button').count()).toBe(1)
    }))
})

test('a page paints before its font has come', () =>
  withPage({}, async (page) => {
    await page.route('**/*.woff2', () => undefined)
    await page.goto(gallery.address('name'), { waitUntil: 'domcontentloaded' })
    await expect.poll(() => page.evaluate(`performance.getEntriesByName('first-contentful-paint').length`)).toBe(1)
  }))
