/** A sign-in is finished by the browser that began it (R20); lost cookies and old pages restart or explain themselves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asksFor, createBrowser, type Page, textOf } from '../support/browser.ts'
import { authorization, startWorld, type World, walk } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const begin = () => authorization(world, { change: { login_hint: world.sts.mary.upn } }).url
const codeIn = (page: Page) => page.left?.searchParams.get('code') ?? null
function explained(page: Page): void {
  expect(page.html).not.toMatch(/SessionNotFound|invalid_request|interaction session/i)
  expect(page.status).toBe(400)
  expect(textOf(page.html).length).toBeGreaterThan(60)
}

describe('another browser', () => {
  it('that opens the address begins anew, for itself', async () => {
    const [victim, attacker] = [createBrowser(), createBrowser()]
    const page = await victim.open(begin())
    const stolen = await attacker.open(page.url)
    expect(asksFor(stolen, 'password')).toBe(true)
    expect(stolen.url).not.toBe(page.url)
    world.pass(30)
    expect(codeIn(await walk(world, victim, page))).toEqual(expect.any(String))
    // The attacker's browser is not signed in by it.
    const still = await attacker.open(begin())
    expect(asksFor(still, 'password')).toBe(true)
  })

  it('cannot post the form of the first one, even with its fields', async () => {
    const [victim, attacker] = [createBrowser(), createBrowser()]
    const page = await victim.open(begin())
    const posted = await attacker.submit(page, { password: world.sts.mary.password })
    expect(asksFor(posted, 'code')).toBe(false)
    expect(codeIn(posted)).toBeNull()
    const after = await victim.open(page.url)
    expect(asksFor(after, 'password')).toBe(true)
  })

  it('cannot go on where the first one was half-way', async () => {
    world.pass(30)
    const [victim, attacker] = [createBrowser(), createBrowser()]
    const factor = await victim.submit(await victim.open(begin()), { password: world.sts.mary.password })
    expect(asksFor(factor, 'code')).toBe(true)
    const posted = await attacker.submit(factor, { code: await world.totp() })
    expect(codeIn(posted)).toBeNull()
    expect(asksFor(posted, 'password')).toBe(true)
    expect(codeIn(await walk(world, victim, factor))).toEqual(expect.any(String))
  })

  it('with a sign-in of its own cannot post to that of the first one', async () => {
    const [victim, attacker] = [createBrowser(), createBrowser()]
    const page = await victim.open(begin())
    const own = await attacker.open(begin())
    const csrf = own.forms[0]?.fields.find((field) => field.name === 'csrf')?.value ?? ''
    const posted = await attacker.submit(page, { password: world.sts.mary.password, csrf })
    expect([codeIn(posted), asksFor(posted, 'code')]).toEqual([null, false])
  })

  it('that gets a link to the end of the first one’s sign-in gets no code', async () => {
    world.pass(30)
    const [victim, attacker] = [createBrowser(), createBrowser()]
    const asked = begin()
    const factor = await victim.submit(await victim.open(asked), { password: world.sts.mary.password })
    const uid = /\/signin\/([\w-]+)/.exec(factor.url)?.[1] ?? ''
    for (const address of [
      `${world.issuer}/oauth2/v2.0/authorize/${uid}`,
      `${world.issuer}/signin/${uid}`,
      `${world.issuer}/device/${uid}`,
    ]) {
      const page = await attacker.open(address)
      expect(codeIn(page), address).toBeNull()
      expect(page.status, address).toBeLessThan(500)
      expect(page.html).not.toContain('SessionNotFound')
    }
    expect(codeIn(await walk(world, victim, factor))).toEqual(expect.any(String))
  })
})

describe('a browser that lost its cookie', () => {
  it('begins again by itself, and gets in', async () => {
    world.pass(30)
    const browser = createBrowser()
    const page = await browser.open(begin())
    browser.cookies.clear()
    const again = await browser.submit(page, { password: world.sts.mary.password })
    expect(asksFor(again, 'password'), textOf(again.html)).toBe(true)
    expect(codeIn(await walk(world, browser, again))).toEqual(expect.any(String))
  })

  it('half-way begins again too', async () => {
    world.pass(30)
    const browser = createBrowser()
    const factor = await browser.submit(await browser.open(begin()), { password: world.sts.mary.password })
    browser.cookies.clear()
    const again = await browser.submit(factor, { code: await world.totp() })
    expect(asksFor(again, 'password')).toBe(true)
    expect(codeIn(await walk(world, browser, again))).toEqual(expect.any(String))
  })

  it('that keeps no cookies at all is told so, and is not sent round and round', async () => {
    const browser = createBrowser({ keepsCookies: false })
    const page = await browser.open(begin())
    const last = page.forms.length > 0 ? await browser.submit(page, { password: world.sts.mary.password }) : page
    const end = asksFor(last, 'password') ? await browser.submit(last, { password: world.sts.mary.password }) : last
    explained(end)
    expect(textOf(end.html)).toMatch(/cookie/i)
  })

  it('with a cookie that somebody changed is not believed', async () => {
    const browser = createBrowser()
    const page = await browser.open(begin())
    for (const [key, cookie] of browser.cookies)
      browser.cookies.set(key, { ...cookie, value: `${cookie.value.slice(0, -1)}${cookie.value.endsWith('A') ? 'B' : 'A'}` })
    const posted = await browser.submit(page, { password: world.sts.mary.password })
    expect([codeIn(posted), asksFor(posted, 'code')]).toEqual([null, false])
  })
})

describe('a page that is too old', () => {
  it('explains itself', async () => {
    const browser = createBrowser()
    const page = await browser.open(begin())
    world.pass(world.sts.realm.settings.interactionSeconds + 60)
    const late = await browser.submit(page, { password: world.sts.mary.password })
    expect(codeIn(late)).toBeNull()
    if (!asksFor(late, 'password')) explained(late)
    const reopened = await createBrowser().open(page.url)
    explained(reopened)
  })

  it('that never was explains itself, too', async () => {
    for (const path of ['/signin/nonsense', '/signin/AAAAAAAAAAAAAAAAAAAAA', '/oauth2/v2.0/authorize/AAAAAAAAAAAAAAAAAAAAA'])
      explained(await createBrowser().open(`${world.issuer}${path}`))
  })

  it('of a sign-in that is finished leads nowhere', async () => {
    world.pass(30)
    const browser = createBrowser()
    const page = await browser.open(begin())
    const done = await walk(world, browser, page)
    expect(codeIn(done)).toEqual(expect.any(String))
    const again = await browser.submit(page, { password: world.sts.mary.password })
    expect(codeIn(again)).not.toBe(codeIn(done))
    expect(again.html).not.toContain('SessionNotFound')
    expect(again.status).toBeLessThan(500)
  })
})
