/** Who knows a password but has begun nothing is shown no key, and knows none of the keys that its owner binds (R98, R121). */
import { generate } from 'otplib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asksFor, type Browser, createBrowser, type Page, textOf } from '../support/browser.ts'
import { authorization, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const codeFor = (secret: string) => generate({ secret, epoch: Math.floor(Date.now() / 1000) })
const keyOn = (page: Page): string | undefined => /secret=([A-Z2-7]{16,})/.exec(page.html)?.[1]
const requireKey = (page: Page): string => {
  const key = keyOn(page)
  if (key === undefined) throw new TypeError(`no key on ${page.url}: ${textOf(page.html).slice(0, 300)}`)
  return key
}

async function withPassword(browser: Browser): Promise<Page> {
  const { joe } = world.sts
  const page = await browser.open(authorization(world, { change: { login_hint: joe.upn } }).url)
  return browser.submit(page, { password: joe.password })
}

it('a key that a thief of the password has read is never the one that the owner binds', async () => {
  const thief = createBrowser()
  const read = await thief.submit(await withPassword(thief), { method: 'totp' })
  const stolen = requireKey(read)
  // It stays the same in the browser that began.
  expect(requireKey(await thief.open(read.url))).toBe(stolen)

  const owner = createBrowser()
  const intro = await withPassword(owner)
  expect(keyOn(intro)).toBeUndefined()
  const scan = await owner.submit(intro, { method: 'totp' })
  const key = requireKey(scan)
  expect(key).not.toBe(stolen)

  // The thief's key has ended with it, whichever id the form names; a new one ends the owner's in turn.
  const owners = scan.forms[0]?.fields.find((field) => field.name === 'authenticatorId')?.value ?? ''
  const late = await thief.submit(read, { authenticatorId: owners, code: await codeFor(key) })
  expect([late.status, late.left]).toEqual([422, undefined])
  const second = requireKey(late)
  expect([stolen, key]).not.toContain(second)

  const expired = await owner.submit(scan, { code: await codeFor(key) })
  expect([expired.status, expired.left]).toEqual([422, undefined])
  const fresh = requireKey(expired)
  expect([stolen, key, second]).not.toContain(fresh)
  const done = await owner.submit(await owner.submit(expired, { code: await codeFor(fresh) }))
  expect(done.left?.searchParams.get('code'), textOf(done.html).slice(0, 300)).toEqual(expect.any(String))

  world.pass(60)
  for (const known of [stolen, second]) {
    const again = createBrowser()
    const factor = await withPassword(again)
    expect([asksFor(factor, 'code'), keyOn(factor)]).toEqual([true, undefined])
    expect((await again.submit(factor, { code: await codeFor(known) })).left).toBeUndefined()
  }
})
