/**
 * Codes by message as a person meets them: real Chromium, a real SMPP centre and an HTTP gateway on loopback. Fail-over is
 * not seen; when nobody can deliver, the page says so within three seconds and offers the other ways.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AuthenticatorId } from '@postern/storage'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { generate } from 'otplib'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { kannelSender, smppSender } from '../acceptance/delivery/parts.ts'
import { type SmppCentre, startSmppCentre } from '../support/smpp-centre.ts'
import { type SmsGateway, startSmsGateway } from '../support/sms-gateway.ts'
import { type Browser, type Page, startChromium } from './chromium.ts'

let centre: SmppCentre
let gateway: SmsGateway
let sts: TestSts
let browser: Browser
let app: Server
let redirectUri: string

beforeAll(async () => {
  centre = await startSmppCentre()
  gateway = await startSmsGateway()
  const delivery = { senders: [smppSender(centre), kannelSender(gateway)] }
  sts = await startSts({ delivery })
  browser = await startChromium()
  app = createServer((_request, response) => void response.end('<title>Back in the app</title>'))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  redirectUri = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`
  await centre.heard('bind', 1)
})
afterAll(async () => {
  await browser?.close()
  app?.close()
  await sts?.close()
  await centre?.close()
  await gateway?.close()
})
beforeEach(() => gateway.answer({ status: 202, body: '0: Accepted for delivery' }))

let people = 0
/** Somebody with an app, whose telephone is asked for first. */
async function withPhone(): Promise<TestPerson & { phone: string }> {
  people += 1
  const person = await sts.addPerson({ name: `phone${people}`, factor: true })
  const phone = `+491512345670${people}`
  const id = randomUUID() as string as AuthenticatorId // a brand has no runtime part
  const now = new Date()
  await sts.kept.authenticators.add({
    id,
    accountId: person.account.id,
    method: 'sms',
    label: 'Phone',
    secret: new TextEncoder().encode(phone),
    state: 'active',
    detail: { channel: 'sms', masked: '+49 ••••• 0' },
    createdAt: now,
    confirmedAt: now,
  })
  await sts.kept.authenticators.makeDefault(person.account.id, id)
  return { ...person, phone }
}

const authorizeUrl = (person: TestPerson): string => {
  const url = new URL(`${sts.issuer}/oauth2/v2.0/authorize`)
  const asked = {
    client_id: sts.clients.mail.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid https://mail.contoso.com/EAS.AccessAsUser.All',
    login_hint: person.upn,
    code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  return url.href
}

/** Signs in up to the second step. */
async function atSecondStep(person: TestPerson, work: (page: Page) => Promise<void>, javaScriptEnabled = true) {
  const context = await browser.newContext({ javaScriptEnabled, locale: 'en-GB' })
  const page = await context.newPage()
  await page.goto(authorizeUrl(person))
  await page.fill('input[name=password]', person.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/signin\/[^/]+$/)
  await page.waitForSelector('h1:not(:has-text("password"))')
  await work(page)
  await context.close()
}
const codeIn = (text: string | undefined): string => /\b\d{6}\b/.exec(text ?? '')?.[0] ?? `no code in ${text}`

it.each([true, false])('a code comes over SMPP and lets its reader in (script: %s)', async (script) => {
  const person = await withPhone()
  const before = centre.messages.length
  await atSecondStep(
    person,
    async (page) => {
      expect(await page.innerText('h1')).toBe('Check your messages')
      await page.reload()
      expect(centre.messages.length - before).toBe(1)
      expect(centre.messages.at(-1)?.to.replace(/\D/g, '')).toBe(person.phone.slice(1))
      const again = page.getByRole('button', { name: 'Send a new code' })
      // With script it waits and says how long; without, it may be pressed at any time.
      expect(await again.isDisabled()).toBe(script)
      expect(await page.innerText('main')).toMatch(/You can get a new code in \d+ seconds/)
      await page.fill('input[name=code]', codeIn(centre.messages.at(-1)?.text))
      await page.keyboard.press('Enter')
      await page.waitForURL(/callback\?.*code=/)
    },
    script,
  )
  expect(gateway.requests).toEqual([])
})

it('comes over HTTP when the centre is away, once, and nobody notices', async () => {
  const person = await withPhone()
  const before = gateway.requests.length
  await centre.goDown()
  try {
    await atSecondStep(person, async (page) => {
      expect(await page.innerText('h1')).toBe('Check your messages')
      expect(gateway.requests.length - before).toBe(1)
      const text = new URL(gateway.requests.at(-1)?.target ?? '', gateway.url).searchParams.get('text') ?? ''
      await page.fill('input[name=code]', codeIn(text))
      await page.keyboard.press('Enter')
      await page.waitForURL(/callback\?.*code=/)
    })
  } finally {
    await centre.comeBack()
  }
})

it('offers the other ways when nobody can deliver, and the app lets its owner in', async () => {
  const person = await withPhone()
  await centre.goDown()
  gateway.answer({ status: 503 })
  try {
    await atSecondStep(person, async (page) => {
      expect(await page.innerText('main')).toMatch(/We cannot reach \+49 .* so nothing was sent/)
      await page.getByRole('link', { name: /^Authenticator app/ }).click()
      await page.fill('input[name=code]', await generate({ secret: person.totpSecret ?? '' }))
      await page.keyboard.press('Enter')
      await page.waitForURL(/callback\?.*code=/)
    })
  } finally {
    await centre.comeBack()
  }
})
