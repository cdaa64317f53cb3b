/** No post, however odd, gets past a step (the class of CVE-2026-49448; R115, R130). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asksFor, type Browser, createBrowser, type Page } from '../support/browser.ts'
import { authorization, startWorld, type World, walk } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(() => world.pass(2 * 86_400))
afterAll(() => world.close())

const codeIn = (page: Page) => page.left?.searchParams.get('code') ?? null
const atPassword = async (): Promise<{ browser: Browser; page: Page }> => {
  const browser = createBrowser()
  return { browser, page: await browser.open(authorization(world, { change: { login_hint: world.sts.mary.upn } }).url) }
}
const atFactor = async (): Promise<{ browser: Browser; page: Page }> => {
  const { browser, page } = await atPassword()
  return { browser, page: await browser.submit(page, { password: world.sts.mary.password }) }
}
const below = (page: Page, path: string) => `${world.issuer}/signin/${/\/signin\/([\w-]+)/.exec(page.url)?.[1]}${path}`
const csrfOf = (page: Page) => page.forms[0]?.fields.find((field) => field.name === 'csrf')?.value ?? ''

/** The one way on still works, so nothing was changed by what was tried. */
async function stillWhole(browser: Browser, page: Page): Promise<void> {
  world.pass(86_400 / 50)
  const reopened = await browser.open(below(page, ''))
  const done = await walk(world, browser, reopened)
  expect(codeIn(done)).toEqual(expect.any(String))
}

describe('before the password was given', () => {
  it.each([
    ['the factor', '/factor', { code: '123456' }],
    ['the factor, empty', '/factor', {}],
    ['setting up a factor', '/enroll', {}],
    ['confirming a factor', '/enroll/confirm', { authenticatorId: 'x', code: '123456' }],
    ['consent', '/consent', {}],
    ['consent, with a word', '/consent', { decision: 'allow', allow: 'yes' }],
    ['an unknown step', '/done', {}],
    ['giving up a step that is not due', '/refuse', {}],
  ])('%s leads no further', async (_name, path, fields) => {
    const { browser, page } = await atPassword()
    const tried = await browser.post(below(page, path), { csrf: csrfOf(page), ...fields })
    expect([codeIn(tried), asksFor(tried, 'code')]).toEqual([null, false])
    expect(tried.status).toBeLessThan(500)
    await stillWhole(browser, page)
  })

  it('the real code of the factor leads no further either', async () => {
    const { browser, page } = await atPassword()
    const tried = await browser.post(below(page, '/factor'), { csrf: csrfOf(page), code: await world.totp(), method: 'totp' })
    expect(codeIn(tried)).toBeNull()
    await stillWhole(browser, page)
  })
})

describe('before the factor was shown', () => {
  it.each([
    ['an empty form', {}],
    ['an empty code', { code: '' }],
    ['another method', { method: 'none', code: '' }],
    ['a method of the prototype', { method: 'constructor', code: '123456' }],
    ['proof by word', { code: '', amr: 'otp', proved: 'true', accountId: 'x', login: 'true' }],
  ])('%s leads no further', async (_name, fields) => {
    const { browser, page } = await atFactor()
    const tried = await browser.post(below(page, '/factor'), { csrf: csrfOf(page), ...fields })
    expect(codeIn(tried)).toBeNull()
    expect(tried.status).toBeLessThan(500)
    await stillWhole(browser, page)
  })

  it.each([
    ['consent', '/consent'],
    ['setting up another factor', '/enroll'],
    ['confirming another factor', '/enroll/confirm'],
    ['the name', '/name'],
    ['the password again', '/password'],
  ])('%s leads no further', async (_name, path) => {
    const { browser, page } = await atFactor()
    const tried = await browser.post(below(page, path), {
      csrf: csrfOf(page),
      name: world.sts.mary.upn,
      password: world.sts.mary.password,
      authenticatorId: 'x',
      code: '123456',
    })
    expect(codeIn(tried)).toBeNull()
    expect(tried.status).toBeLessThan(500)
    await stillWhole(browser, page)
  })

  it('opening the end of the request leads back to the factor', async () => {
    const { browser, page } = await atFactor()
    const uid = /\/signin\/([\w-]+)/.exec(page.url)?.[1]
    const tried = await browser.open(`${world.issuer}/oauth2/v2.0/authorize/${uid}`)
    expect(codeIn(tried)).toBeNull()
    const again = await browser.open(authorization(world).url)
    expect(codeIn(again)).toBeNull()
    expect(asksFor(again, 'code')).toBe(true)
  })

  it('the session of the password alone is worth nothing to a request without pages', async () => {
    const { browser } = await atFactor()
    const silent = await browser.open(authorization(world, { change: { prompt: 'none' } }).url)
    expect(codeIn(silent)).toBeNull()
    expect(silent.left?.searchParams.get('error')).toMatch(/_required$/)
  })
})

describe('a form that is not ours', () => {
  it.each([
    ['without its mark', (_csrf: string) => undefined],
    ['with an empty mark', () => ''],
    ['with a mark that is too short', (csrf: string) => csrf.slice(0, -1)],
    ['with a changed mark', (csrf: string) => `${csrf.slice(0, -1)}${csrf.endsWith('A') ? 'B' : 'A'}`],
  ])('%s is refused, right as the rest may be', async (_name, change) => {
    const { browser, page } = await atPassword()
    const csrf = change(csrfOf(page))
    const tried = await browser.submit(
      page,
      { password: world.sts.mary.password, ...(csrf === undefined ? {} : { csrf }) },
      csrf === undefined ? ['csrf'] : [],
    )
    expect([400, 403]).toContain(tried.status)
    expect(asksFor(tried, 'code')).toBe(false)
    await stillWhole(browser, page)
  })

  it('with its mark twice is refused', async () => {
    const { browser, page } = await atPassword()
    const fields = new URLSearchParams({ csrf: csrfOf(page), name: world.sts.mary.upn, password: world.sts.mary.password })
    fields.append('csrf', csrfOf(page))
    const tried = await browser.post(below(page, '/password'), fields)
    expect([tried.status, asksFor(tried, 'code')]).toEqual([400, false])
  })

  it('with the mark of another sign-in of the same browser is refused', async () => {
    const { browser, page } = await atPassword()
    const other = await atPassword()
    const tried = await browser.submit(page, { password: world.sts.mary.password, csrf: csrfOf(other.page) })
    expect(tried.status).toBe(403)
  })
})

it('every redirect after a post is a 303', async () => {
  const { browser, page } = await atPassword()
  const factor = await browser.submit(page, { password: world.sts.mary.password })
  const done = await browser.submit(factor, { code: await world.totp() })
  expect(codeIn(done)).toEqual(expect.any(String))
  expect([...factor.hops, ...done.hops].map((hop) => hop.status).filter((status) => status !== 303)).toEqual([])
})
