/** A one-time code is one: R95 (once, in parallel too), R96 (this step and the one before). */
import { generate } from 'otplib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asksFor, type Browser, createBrowser, type Page } from '../support/browser.ts'
import { authorization, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

/** A browser at the page that asks for the code. */
async function atFactor(): Promise<{ browser: Browser; page: Page }> {
  const browser = createBrowser()
  const asked = authorization(world, { change: { login_hint: world.sts.mary.upn } })
  const page = await browser.submit(await browser.open(asked.url), { password: world.sts.mary.password })
  expect(asksFor(page, 'code')).toBe(true)
  return { browser, page }
}
const came = (page: Page) => page.left?.searchParams.get('code') !== undefined && page.left?.searchParams.get('code') !== null
const codeAt = (seconds: number) =>
  generate({ secret: world.sts.mary.totpSecret ?? '', epoch: Math.floor(Date.now() / 1000) + seconds })

it('a code that was used is refused in another browser, and in the same one', async () => {
  const [one, other] = [await atFactor(), await atFactor()]
  const code = await world.totp()
  expect(came(await one.browser.submit(one.page, { code }))).toBe(true)
  const refused = await other.browser.submit(other.page, { code })
  expect([came(refused), refused.status]).toEqual([false, 422])
  world.pass(29)
  expect(came(await other.browser.submit(other.page, { code }))).toBe(false)
})

it('twenty browsers with the right code at the same moment let one in', async () => {
  world.pass(86_400)
  const waiting = []
  for (let at = 0; at < 20; at += 1) waiting.push(await atFactor())
  const code = await world.totp()
  const pages = await Promise.all(waiting.map(({ browser, page }) => browser.submit(page, { code })))
  expect(pages.filter(came).length).toBe(1)
  expect(pages.filter((page) => page.status >= 500)).toEqual([])
})

it('the code of this step and of the one before count; older and coming ones do not', async () => {
  for (const [seconds, expected] of [
    [-90, false],
    [-60, false],
    [30, false],
    [60, false],
    [-30, true],
  ] as const) {
    world.pass(86_400)
    const { browser, page } = await atFactor()
    expect(came(await browser.submit(page, { code: await codeAt(seconds) })), `${seconds} s`).toBe(expected)
  }
})

it('the code of the step before is refused once this one was used', async () => {
  world.pass(86_400)
  const [one, other] = [await atFactor(), await atFactor()]
  expect(came(await one.browser.submit(one.page, { code: await codeAt(0) }))).toBe(true)
  expect(came(await other.browser.submit(other.page, { code: await codeAt(-30) }))).toBe(false)
})

it('a code may be typed with blanks, and nothing else is read into it', async () => {
  world.pass(86_400)
  const { browser, page } = await atFactor()
  const code = await world.totp()
  for (const typed of [`${code}0`, code.slice(1), `${code} ${code}`, '', ' ', 'abcdef', '０００００００', `${code}\0`])
    expect(came(await browser.submit(page, { code: typed })), typed).toBe(false)
  world.pass(86_400)
  const fresh = await atFactor()
  const next = await world.totp()
  expect(came(await fresh.browser.submit(fresh.page, { code: ` ${next.slice(0, 3)} ${next.slice(3)} ` }))).toBe(true)
})

it('wrong codes are counted over all browsers, and the right one waits with them', async () => {
  world.pass(86_400)
  const waiting = []
  for (let at = 0; at < 6; at += 1) waiting.push(await atFactor())
  const right = await world.totp()
  const wrong = right === '000000' ? '000001' : '000000'
  const statuses = []
  for (const { browser, page } of waiting.slice(0, 5)) statuses.push((await browser.submit(page, { code: wrong })).status)
  expect(statuses).toEqual([422, 422, 422, 422, 422])
  const [last] = waiting.slice(5)
  if (!last) throw new TypeError('six were made')
  const refused = await last.browser.submit(last.page, { code: right })
  expect([refused.status, came(refused)]).toEqual([429, false])
  const seconds = Number(refused.headers.get('retry-after'))
  expect(seconds).toBeGreaterThan(0)
  world.pass(seconds)
  expect(came(await last.browser.submit(last.page, { code: await world.totp() }))).toBe(true)
})
