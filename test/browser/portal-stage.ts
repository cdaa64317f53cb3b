/**
 * portal-stage is the service with a clock that stands still until it is moved, a browser, and people who sign in as people
 * do.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { generate } from 'otplib'
import { vi } from 'vitest'
import { type Browser, type BrowserContextOptions, type Page, startChromium } from './chromium.ts'

export interface PortalStage {
  readonly sts: TestSts
  /** Moves the clock on. */
  pass(seconds: number): void
  /** A page in a browser of its own. Whatever its console complains of fails the test that closes it. */
  open(options?: BrowserContextOptions): Promise<{ page: Page; close: () => Promise<void> }>
  /** Name, password and code, as far as they are asked for. */
  signIn(page: Page, person: TestPerson): Promise<void>
  code(secret: string | undefined): Promise<string>
  portal(below?: string): string
  /** Where an app sends a browser that should sign in; it comes back to a page called `Back in the app`. */
  appAddress(): string
  somebody(): Promise<TestPerson>
  events(person: TestPerson): Promise<readonly { event: string; detail: Readonly<Record<string, unknown>> }[]>
  close(): Promise<void>
}

export async function startPortalStage(): Promise<PortalStage> {
  // The protocol engine reads the clock of the process, so that is the one which stands still.
  vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(Date.now() / 30_000) * 30_000 + 10_000 })
  const pass = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)
  const sts = await startSts({ clock: () => new Date() })
  const browser: Browser = await startChromium()
  const app = createServer((_request, response) => void response.end('<title>Back in the app</title>'))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const redirectUri = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`
  let people = 0
  const code = (secret: string | undefined) => generate({ secret: secret ?? '', epoch: Math.floor(Date.now() / 1000) })

  return {
    sts,
    code,
    pass,
    async open(options = {}) {
      const context = await browser.newContext({ ...options, locale: 'en-GB' })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        // A refusal is a page with a status of 4xx, and Chromium tells the console of every such page.
        if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text())
      })
      return {
        page,
        close: async () => {
          await context.close()
          if (complaints.length > 0) throw new TypeError(complaints.join('\n'))
        },
      }
    },
    async signIn(page, person) {
      // Each code counts once, so the next one is waited for.
      pass(30)
      await page.fill('input[name=name]', person.upn)
      await page.press('input[name=name]', 'Enter')
      await page.fill('input[name=password]', person.password)
      await page.press('input[name=password]', 'Enter')
      await page.fill('input[name=code]', await code(person.totpSecret))
      await page.press('input[name=code]', 'Enter')
    },
    portal: (below = '') => `${sts.issuer}/portal${below}`,
    appAddress() {
      const url = new URL(`${sts.issuer}/oauth2/v2.0/authorize`)
      const asked = {
        client_id: sts.clients.mail.clientId,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid https://mail.contoso.com/EAS.AccessAsUser.All',
        code_challenge: createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url'),
        code_challenge_method: 'S256',
      }
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
      return url.href
    },
    async somebody() {
      people += 1
      return sts.addPerson({ name: `person${people}`, factor: true })
    },
    async events({ account }) {
      const rows = await sts.kept.audit.list({ accountId: account.id, limit: 100 })
      return rows.toReversed().map(({ event, detail }) => ({ event, detail }))
    },
    async close() {
      vi.useRealTimers()
      await browser.close()
      app.closeAllConnections()
      app.close()
      await sts.close()
    },
  }
}
