/** What a request demands of the sign-in is enforced, not echoed (R15, R16, R125; OpenID Connect Core 3.1.2.1, 5.5.1.1). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redeem } from '../../support/person-browser.ts'
import { asksFor, type Browser, createBrowser, type Page, textOf } from '../support/browser.ts'
import { authorization, claimsOf, codeOf, startWorld, type World, walk } from '../support/world.ts'

const AAL1 = 'urn:postern:acr:aal1'
const AAL2 = 'urn:postern:acr:aal2'
const RESISTANT = 'urn:postern:acr:phishing-resistant'
let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const policy of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(policy.id)
})
beforeEach(() => world.pass(60))
afterAll(() => world.close())

const codeIn = (page: Page) => page.left?.searchParams.get('code') ?? null
const errorIn = (page: Page) => page.left?.searchParams.get('error') ?? null
const ask = (change: Record<string, string | undefined> = {}) =>
  authorization(world, { change: { login_hint: world.sts.mary.upn, ...change } })
/** A browser in which Mary gave her password alone; no policy here asks for more. */
async function withPassword(): Promise<Browser> {
  const browser = createBrowser()
  const page = await walk(world, browser, await browser.open(ask().url))
  expect(codeIn(page)).toEqual(expect.any(String))
  return browser
}
const shown = async (browser: Browser, change: Record<string, string | undefined> = {}) => {
  const answer = await redeem(world.token, await codeOf(browser, ask(change)))
  return { access: claimsOf(answer.body.access_token), id: claimsOf(answer.body.id_token) }
}
const essential = (value: string) => JSON.stringify({ id_token: { acr: { essential: true, value } } })

describe('acr', () => {
  it('tells what was shown: the password alone is the lowest', async () => {
    const { access, id } = await shown(await withPassword())
    for (const claims of [access, id]) expect(claims).toMatchObject({ acr: AAL1, amr: ['pwd'] })
  })

  it.each([
    ['asked for', { acr_values: AAL2 }],
    ['demanded', { claims: essential(AAL2) }],
    [
      'demanded as one of several',
      { claims: JSON.stringify({ id_token: { acr: { essential: true, values: [AAL2, RESISTANT] } } }) },
    ],
  ])('that is higher and %s brings the factor, without the password again', async (_name, change) => {
    const browser = await withPassword()
    world.pass(60)
    const page = await browser.open(ask(change).url)
    expect([asksFor(page, 'code'), asksFor(page, 'password')]).toEqual([true, false])
    expect(codeIn(await walk(world, browser, page))).toEqual(expect.any(String))
    const { access, id } = await shown(browser, change)
    for (const claims of [access, id]) expect(claims).toMatchObject({ acr: AAL2, amr: ['pwd', 'otp', 'mfa'] })
  })

  it('that is only preferred and cannot be reached is let go, once what there is was shown', async () => {
    const browser = await withPassword()
    world.pass(60)
    for (const acr of [RESISTANT, 'urn:example:unknown']) {
      const page = await walk(world, browser, await browser.open(ask({ acr_values: acr }).url))
      expect(codeIn(page), acr).toEqual(expect.any(String))
    }
    expect((await shown(browser, { acr_values: RESISTANT })).id).toMatchObject({ acr: AAL2 })
  })

  it('that is met already asks for nothing', async () => {
    const browser = await withPassword()
    expect(codeIn(await browser.open(ask({ acr_values: AAL1 }).url))).toEqual(expect.any(String))
    world.pass(60)
    await walk(world, browser, await browser.open(ask({ acr_values: AAL2 }).url))
    for (const change of [{ acr_values: AAL2 }, { acr_values: `${RESISTANT} ${AAL2}` }, { claims: essential(AAL1) }])
      expect(codeIn(await browser.open(ask(change).url)), JSON.stringify(change)).toEqual(expect.any(String))
  })

  /** Where Mary ends who shows whatever codes she is asked for, and how many those were. */
  async function demanded(value: string): Promise<{ page: Page; codes: number }> {
    const browser = await withPassword()
    let page = await browser.open(ask({ claims: essential(value) }).url)
    let codes = 0
    while (asksFor(page, 'code') && codes < 4) {
      codes += 1
      world.pass(60)
      page = await browser.submit(page, { code: await world.totp() })
    }
    return { page, codes }
  }

  it('that nobody knows, demanded, gives no code, and asks for the same code no second time', async () => {
    const { page, codes } = await demanded('urn:nonsense')
    expect(codes).toBeLessThanOrEqual(1)
    expect(codeIn(page)).toBeNull()
    expect(page.status === 403 || errorIn(page) !== null).toBe(true)
  })

  it('that takes a passkey, demanded of who has none, gives no code, and leads to setting one up behind the factor that there is', async () => {
    const { page, codes } = await demanded(RESISTANT)
    expect(codes).toBe(1)
    expect(codeIn(page)).toBeNull()
    expect([page.status, page.url]).toEqual([200, expect.stringContaining('/signin/')])
    expect(textOf(page.html)).toContain('passkey')
    expect(asksFor(page, 'code')).toBe(false)
  })

  it('does not go down to what a second request asks for', async () => {
    const browser = await withPassword()
    await walk(world, browser, await browser.open(ask({ acr_values: AAL2 }).url))
    expect((await shown(browser, { acr_values: AAL1 })).access.acr).toBe(AAL2)
  })
})

describe('prompt=none', () => {
  it('shows nothing and says what is missing', async () => {
    expect(errorIn(await createBrowser().open(ask({ prompt: 'none' }).url))).toBe('login_required')
    const browser = await withPassword()
    expect(codeIn(await browser.open(ask({ prompt: 'none' }).url))).toEqual(expect.any(String))
    for (const change of [
      { acr_values: AAL2 },
      { claims: essential(AAL2) },
      { max_age: '0' },
      { claims: essential(RESISTANT) },
    ]) {
      world.pass(2)
      const page = await browser.open(ask({ prompt: 'none', ...change }).url)
      expect(errorIn(page), JSON.stringify(change)).toMatch(
        /^(login_required|interaction_required|unmet_authentication_requirements)$/,
      )
      expect(codeIn(page)).toBeNull()
    }
  })

  it('with a hint of somebody else gives nothing', async () => {
    const browser = await withPassword()
    const maryToken = String((await redeem(world.token, await codeOf(browser, ask()))).body.id_token)
    expect(codeIn(await browser.open(ask({ prompt: 'none', id_token_hint: maryToken }).url))).toEqual(expect.any(String))
    const other = createBrowser()
    const joe = authorization(world, { change: { login_hint: world.sts.joe.upn } })
    await walk(world, other, await other.open(joe.url), world.sts.joe)
    const page = await other.open(ask({ prompt: 'none', id_token_hint: maryToken }).url)
    expect([codeIn(page), errorIn(page)]).toEqual([null, 'login_required'])
  })

  it('may not come with another prompt', async () => {
    const browser = await withPassword()
    expect(errorIn(await browser.open(ask({ prompt: 'none login' }).url))).toBe('invalid_request')
  })
})

describe('a sign-in that is too old', () => {
  it('by max_age is done anew, with a new time', async () => {
    const browser = await withPassword()
    const before = Number((await shown(browser, { max_age: '3600' })).id.auth_time)
    world.pass(100)
    expect(codeIn(await browser.open(ask({ max_age: '3600' }).url))).toEqual(expect.any(String))
    const asked = ask({ max_age: '50' })
    const page = await browser.open(asked.url)
    expect(asksFor(page, 'password')).toBe(true)
    const done = await walk(world, browser, page)
    const answer = await redeem(world.token, { ...asked, code: codeIn(done) ?? '' })
    const after = Number(claimsOf(answer.body.id_token).auth_time)
    expect(after).toBeGreaterThanOrEqual(before + 100)
    expect(claimsOf(answer.body.access_token).auth_time).toBe(after)
  })

  it('by prompt=login is done anew, and the older factor does not count', async () => {
    const browser = await withPassword()
    await walk(world, browser, await browser.open(ask({ acr_values: AAL2 }).url))
    world.pass(60)
    const page = await browser.open(ask({ prompt: 'login' }).url)
    expect(asksFor(page, 'password')).toBe(true)
    const done = await browser.submit(page, { password: world.sts.mary.password })
    expect(codeIn(done)).toEqual(expect.any(String))
    expect((await shown(browser)).access).toMatchObject({ acr: AAL1, amr: ['pwd'] })
  })

  it('stays too old when only a second factor is shown later', async () => {
    const browser = await withPassword()
    const before = Number((await shown(browser)).id.auth_time)
    world.pass(3600)
    await walk(world, browser, await browser.open(ask({ acr_values: AAL2 }).url))
    expect(Number((await shown(browser)).id.auth_time)).toBe(before)
    expect(errorIn(await browser.open(ask({ prompt: 'none', max_age: '60' }).url))).toBe('login_required')
  })

  it('by max_age=0 is done anew each time', async () => {
    const browser = await withPassword()
    world.pass(2)
    expect(asksFor(await browser.open(ask({ max_age: '0' }).url), 'password')).toBe(true)
  })

  it('by the realm’s limit is done anew', async () => {
    const browser = await withPassword()
    world.pass(world.sts.realm.settings.sessionSeconds - 120)
    expect(codeIn(await browser.open(ask().url))).toEqual(expect.any(String))
    world.pass(180)
    expect(errorIn(await browser.open(ask({ prompt: 'none' }).url))).toBe('login_required')
  })
})

it('a session has a new id after each sign-in, and the old one is dead', async () => {
  const browser = await withPassword()
  const sessionOf = () => [...browser.cookies].filter(([key]) => key.includes('session'))
  const before = sessionOf()
  expect(before.length).toBeGreaterThan(0)
  world.pass(60)
  await walk(world, browser, await browser.open(ask({ acr_values: AAL2 }).url))
  const after = sessionOf()
  const { access } = await shown(browser)
  expect(access.acr).toBe(AAL2)
  expect(after.map(([, cookie]) => cookie.value)).not.toEqual(before.map(([, cookie]) => cookie.value))
  for (const [key, cookie] of before) browser.cookies.set(key, cookie)
  const old = await browser.open(ask({ prompt: 'none' }).url)
  expect(errorIn(old)).toBe('login_required')
})
