/**
 * webauthn-stage is what every story about passkeys needs: the service, a browser, an app that waits for its code, and what
 * the tokens for that code say.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { type Browser, type BrowserContext, type Page, startChromium } from './chromium.ts'

export interface WebauthnStage {
  readonly sts: TestSts
  /** Where the app sends a browser that should sign in. */
  authorizeUrl(extra?: Record<string, string>): string
  /** A browser of its own. What its console complains of is given back. */
  inBrowser(work: (page: Page, context: BrowserContext) => Promise<void>): Promise<readonly string[]>
  /** Name and password, typed as a person would. */
  typePassword(page: Page, person: TestPerson): Promise<void>
  /** Waits until the browser is back at the app; the claims of the access token that the app got for its code. */
  claimsAtApp(page: Page): Promise<Record<string, unknown>>
  /** Details of the events of this name in the audit trail, oldest first. */
  told(event: string): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

export async function startWebauthnStage(): Promise<WebauthnStage> {
  const sts = await startSts()
  const browser: Browser = await startChromium()
  const app: Server = createServer((_request, response) => void response.end('<title>Back in the app</title>'))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const redirectUri = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`
  const verifier = randomBytes(32).toString('base64url')

  return {
    sts,
    authorizeUrl(extra = {}) {
      const url = new URL(`${sts.issuer}/oauth2/v2.0/authorize`)
      const asked = {
        client_id: sts.clients.mail.clientId,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid https://mail.contoso.com/EAS.AccessAsUser.All',
        state: 'state-of-the-app',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...extra,
      }
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
      return url.href
    },

    async inBrowser(work) {
      const context = await browser.newContext({ locale: 'en-GB' })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        // A refusal is a page with a status of 4xx, and Chromium tells the console of every such page.
        if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text())
      })
      try {
        await work(page, context)
      } finally {
        await context.close()
      }
      return complaints
    },

    async typePassword(page, person) {
      await page.fill('input[name=name]', person.upn)
      await page.press('input[name=name]', 'Enter')
      await page.fill('input[name=password]', person.password)
      await page.press('input[name=password]', 'Enter')
    },

    async claimsAtApp(page) {
      await page.waitForURL(/\/callback\?/)
      const code = new URL(page.url()).searchParams.get('code') ?? ''
      const answer = await fetch(`${sts.issuer}/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
          client_id: sts.clients.mail.clientId,
          code_verifier: verifier,
        }),
      })
      const { access_token: token } = (await answer.json()) as { access_token?: string }
      return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString() || '{}') as Record<string, unknown>
    },

    async told(event) {
      const rows = await sts.kept.audit.list({ event, limit: 100 })
      return rows.toReversed().map(({ detail }) => detail)
    },

    async close() {
      await browser.close()
      app.close()
      await sts.close()
    },
  }
}
