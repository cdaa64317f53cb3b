/** Somebody without a second factor is led to one, and gets in with it only (R98, R102, R121). */
import { generate } from 'otplib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { redeem } from '../../support/person-browser.ts'
import { asksFor, type Browser, createBrowser, type Page, textOf } from '../support/browser.ts'
import { authorization, claimsOf, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const codeFor = (secret: string) => generate({ secret, epoch: Math.floor(Date.now() / 1000) })
const secretOn = (page: Page): string => {
  const secret = /secret=([A-Z2-7]{16,})/.exec(page.html)?.[1]
  if (secret === undefined) throw new TypeError(`no secret on ${page.url}: ${textOf(page.html).slice(0, 300)}`)
  return secret
}
/** Name and password are given; what comes is the page that asks for a factor to be set up. */
async function withPassword(
  browser: Browser,
  asked = authorization(world, { change: { login_hint: world.sts.joe.upn } }),
): Promise<Page> {
  return browser.submit(await browser.open(asked.url), { password: world.sts.joe.password })
}
const bound = () => world.sts.service.factors.methodsOf(world.sts.kept, world.sts.joe.account.id)

it('who leaves half-way has changed nothing, and is asked again', async () => {
  const browser = createBrowser()
  const intro = await withPassword(browser)
  expect(intro.left).toBeUndefined()
  expect(await bound()).toEqual([])
  const scan = await browser.submit(intro, { method: 'totp' })
  secretOn(scan)
  expect(await bound()).toEqual([])

  const other = createBrowser()
  const again = await withPassword(other)
  expect([again.left, asksFor(again, 'password')]).toEqual([undefined, false])
  expect(await bound()).toEqual([])
})

it('a wrong code binds nothing and shows the same key again', async () => {
  const browser = createBrowser()
  const scan = await browser.submit(await withPassword(browser), { method: 'totp' })
  const secret = secretOn(scan)
  const right = await codeFor(secret)
  const wrong = right === '000000' ? '000001' : '000000'
  const refused = await browser.submit(scan, { code: wrong })
  expect([refused.status, refused.left]).toEqual([422, undefined])
  expect(secretOn(refused)).toBe(secret)
  expect(await bound()).toEqual([])
})

it('a code of another key binds nothing', async () => {
  const browser = createBrowser()
  const scan = await browser.submit(await withPassword(browser), { method: 'totp' })
  const refused = await browser.submit(scan, { code: await world.totp(world.sts.mary) })
  expect(refused.status).toBe(422)
  expect(await bound()).toEqual([])
})

it('the right code binds the factor, signs in, and counts', async () => {
  const browser = createBrowser()
  const asked = authorization(world, { change: { login_hint: world.sts.joe.upn } })
  const intro = await withPassword(browser, asked)
  const scan = secretOrIntro(intro) ? intro : await browser.submit(intro, { method: 'totp' })
  const secret = secretOn(scan)
  const code = await codeFor(secret)
  const codes = await browser.submit(scan, { code })
  expect(textOf(codes.html)).toContain('Save your recovery codes')
  expect(new Set(codes.html.match(/<li><code>[^<]+/g))).toHaveProperty('size', 10)
  const done = await browser.submit(codes)
  expect(done.left?.searchParams.get('code'), textOf(done.html).slice(0, 300)).toEqual(expect.any(String))
  expect(await bound()).toMatchObject([{ method: 'totp', state: 'active' }])

  const answer = await redeem(world.token, { ...asked, code: done.left?.searchParams.get('code') ?? '' })
  expect(claimsOf(answer.body.access_token)).toMatchObject({
    amr: ['pwd', 'otp', 'mfa'],
    acr: 'urn:postern:acr:aal2',
    upn: world.sts.joe.upn,
  })

  // The code that proved the factor is used up, for signing in too.
  const other = createBrowser()
  const factor = await withPassword(other)
  expect(asksFor(factor, 'code')).toBe(true)
  expect(factor.html).not.toMatch(/secret=[A-Z2-7]{16,}/)
  expect((await other.submit(factor, { code })).status).toBe(422)
  world.pass(30)
  expect((await other.submit(factor, { code: await codeFor(secret) })).left?.searchParams.get('code')).toEqual(expect.any(String))
})

it('who has a factor now cannot bind a second one with the password alone', async () => {
  const browser = createBrowser()
  const factor = await withPassword(browser)
  const base = factor.forms[0]?.action.replace(/\/factor$/, '') ?? ''
  const csrf = factor.forms[0]?.fields.find((field) => field.name === 'csrf')?.value ?? ''
  for (const path of ['/enroll', '/enroll/confirm']) {
    const page = await browser.post(new URL(`${base}${path}`, factor.url).href, { csrf, authenticatorId: 'x', code: '000000' })
    expect(page.html).not.toMatch(/secret=[A-Z2-7]{16,}/)
    expect(page.left).toBeUndefined()
  }
  expect(await bound()).toHaveLength(1)
})

it('each step left a row, and none holds the key or a code', async () => {
  const rows = await world.sts.kept.audit.list({ limit: 100, accountId: world.sts.joe.account.id })
  const names = rows.map((row) => row.event)
  expect(names).toContain('factor.enrolled')
  expect(names).toContain('factor.enrolment_failed')
})

function secretOrIntro(page: Page): boolean {
  return /secret=[A-Z2-7]{16,}/.test(page.html)
}
