/**
 * The main job as a person meets it: real Chromium, the real service, name and password, a code, and back to the app.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startSts, type TestSts } from '@postern/sts/testing'
import { generate } from 'otplib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, type BrowserContext, type Page, startChromium } from './chromium.ts'

let sts: TestSts
let browser: Browser
let app: Server
let redirectUri: string
let arrivals: URL[] = []

beforeAll(async () => {
  sts = await startSts()
  browser = await startChromium()
  app = createServer((request, response) => {
    const url = new URL(request.url ?? '/', redirectUri)
    if (url.searchParams.has('code') || url.searchParams.has('error')) arrivals.push(url)
    response.end('<title>Back in the app</title>You may close this window.')
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  redirectUri = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`
})

afterAll(async () => {
  await browser?.close()
  app?.close()
  await sts?.close()
})

const verifier = randomBytes(32).toString('base64url')

function authorizeUrl(extra: Record<string, string> = {}): string {
  const url = new URL(`${sts.issuer}/oauth2/v2.0/authorize`)
  const asked = {
    client_id: sts.clients.mail.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile offline_access https://mail.contoso.com/EAS.AccessAsUser.All',
    state: 'state-of-the-app',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...extra,
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  return url.href
}

/** Runs `work` in a fresh browser; the messages of the console are complaints about us. */
async function inBrowser(
  work: (page: Page, context: BrowserContext) => Promise<void>,
  options: { javaScriptEnabled?: boolean } = {},
): Promise<void> {
  const context = await browser.newContext({ ...options, locale: 'en-GB' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    // A refused code is a page with status 400, and Chromium tells the console of every such page.
    if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text())
  })
  arrivals = []
  try {
    await work(page, context)
  } finally {
    await context.close()
  }
  expect(complaints).toEqual([])
}

/** Each time step counts once per secret, so each test that needs a code has an account of its own or waits for nobody. */
const codeOf = (secret: string | undefined): Promise<string> => generate({ secret: secret ?? '' })

const arrival = (): URL => {
  const [only] = arrivals
  if (!only || arrivals.length !== 1) throw new TypeError(`the app was called ${arrivals.length} times`)
  return only
}

async function redeemAtApp(url: URL): Promise<Record<string, unknown>> {
  const answer = await fetch(`${sts.issuer}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: url.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      client_id: sts.clients.mail.clientId,
      code_verifier: verifier,
    }),
  })
  return (await answer.json()) as Record<string, unknown>
}

describe('signing in', () => {
  it('goes from the app through name, password and code back to the app, by keyboard alone', async () => {
    await inBrowser(async (page) => {
      await page.goto(authorizeUrl())
      // The cursor is put into the field a moment after the page has loaded.
      await page.waitForSelector('input[name=name]:focus')
      await page.keyboard.type(sts.mary.upn)
      await page.keyboard.press('Enter')
      await page.waitForSelector('input[name=password]:focus')
      await page.keyboard.type(sts.mary.password)
      await page.keyboard.press('Enter')
      await page.waitForSelector('input[name=code]:focus')
      await page.keyboard.type(await codeOf(sts.mary.totpSecret))
      await page.keyboard.press('Enter')
      await page.waitForURL(/callback/)
      expect(await page.title()).toBe('Back in the app')

      const back = arrival()
      expect(back.searchParams.get('state')).toBe('state-of-the-app')
      expect(back.searchParams.get('iss')).toBe(sts.issuer)
      const tokens = await redeemAtApp(back)
      expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3600 })

      // The session is known now: the next app gets its code without a page.
      arrivals = []
      await page.goto(authorizeUrl({ state: 'second' }))
      expect(arrival().searchParams.get('state')).toBe('second')
    })
  })

  it('leads somebody without a second factor through setting one up, without JavaScript', async () => {
    await inBrowser(
      async (page) => {
        await page.goto(authorizeUrl({ login_hint: sts.joe.upn }))
        await page.fill('input[name=password]', sts.joe.password)
        await page.click('button[type=submit]')
        // One decision a page: first which kind, then the secret.
        await page.getByRole('button', { name: /^Authenticator app/ }).click()
        await page.waitForSelector('svg.qr')
        const text = await page.innerText('main')
        const secret = /(?:[A-Z2-7]{4}\s){8}/.exec(text)?.[0]?.replaceAll(/\s/g, '')
        expect(secret, text).toHaveLength(32)
        await page.reload()
        expect((await page.innerText('main')).replaceAll(/\s/g, '')).toContain(secret)
        await page.fill('input[name=code]', '000000')
        await page.press('input[name=code]', 'Enter')
        expect(await page.innerText('main')).toMatch(/did not match/i)
        await page.fill('input[name=code]', await codeOf(secret))
        await page.press('input[name=code]', 'Enter')
        expect(await page.locator('.codes li').count()).toBe(10)
        const [file] = await Promise.all([page.waitForEvent('download'), page.getByText('Download').click()])
        expect(file.suggestedFilename()).toBe('recovery-codes.txt')
        const kept = await readFile(await file.path(), 'utf8')
        for (const code of await page.locator('.codes code').allInnerTexts()) expect(kept).toContain(code)
        await page.getByRole('button', { name: 'I have saved them' }).click()
        await page.waitForURL(/callback/)
        const tokens = await redeemAtApp(arrival())
        const claims = JSON.parse(Buffer.from(String(tokens.access_token).split('.')[1] ?? '', 'base64url').toString()) as Record<
          string,
          unknown
        >
        expect(claims).toMatchObject({ upn: sts.joe.upn, acr: 'urn:postern:acr:aal2', amr: ['pwd', 'otp', 'mfa'] })
      },
      { javaScriptEnabled: false },
    )
  })

  it('ends at a private-use scheme too: no policy of ours stops the browser from leaving', async () => {
    const anna = await sts.addPerson({ name: 'anna', factor: true })
    // Chromium would complain on the console, which inBrowser looks at.
    await inBrowser(async (page) => {
      await page.goto(authorizeUrl({ redirect_uri: 'com.contoso.mail://oauth-redirect', login_hint: anna.upn }))
      await page.fill('input[name=password]', anna.password)
      await page.keyboard.press('Enter')
      await page.fill('input[name=code]', await codeOf(anna.totpSecret))
      const answer = page.waitForResponse((response) =>
        (response.headers().location ?? '').startsWith('com.contoso.mail://oauth-redirect?code='),
      )
      await page.keyboard.press('Enter')
      expect((await answer).status()).toBe(303)
      // One round trip to the page, so that whatever it complained of has arrived.
      await page.title()
    })
  })

  it('says the same about a wrong password and an unknown name, and how many tries are left', async () => {
    const texts: string[] = []
    for (const name of ['nobody@contoso.com', sts.joe.upn]) {
      await inBrowser(async (page) => {
        await page.goto(authorizeUrl({ login_hint: name }))
        await page.fill('input[name=password]', 'certainly wrong')
        await page.keyboard.press('Enter')
        await page.waitForSelector('input[name=password]')
        texts.push((await page.innerText('main')).replaceAll(name, 'NAME'))
      })
    }
    expect(texts[0]).toBe(texts[1])
  })

  it('starts again by itself when the browser has lost its cookies, and explains itself when it keeps none', async () => {
    await inBrowser(async (page, context) => {
      await page.goto(authorizeUrl())
      const before = page.url()
      await context.clearCookies()
      await page.reload()
      expect(page.url()).not.toBe(before)
      expect(await page.isVisible('input[name=name]')).toBe(true)
      await page.goto(`${sts.issuer}/signin/nothing-of-ours`)
      expect(await page.innerText('main')).not.toMatch(/SessionNotFound|undefined|Error/)
    })
  })
})
