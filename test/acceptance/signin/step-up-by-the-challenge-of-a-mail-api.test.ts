/** A mail API that wants more than its token shows says so in a challenge; the app passes its claims on, and gets there. */
import { challenge, parseChallenges } from '@postern/resource-server'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { redeem } from '../../support/person-browser.ts'
import { asksFor, type Browser, createBrowser, type Page } from '../support/browser.ts'
import { authorization, claimsOf, startWorld, type World, walk } from '../support/world.ts'

const AAL2 = 'urn:postern:acr:aal2'
let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  for (const policy of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(policy.id)
})
beforeEach(async () => {
  world.pass(60)
  browser = createBrowser()
  expect(codeIn(await walk(world, browser, await browser.open(ask().url)))).toEqual(expect.any(String))
})
afterAll(() => world.close())

const codeIn = (page: Page) => page.left?.searchParams.get('code') ?? null
const ask = (change: Record<string, string | undefined> = {}) =>
  authorization(world, { change: { login_hint: world.sts.mary.upn, ...change } })

/** What an app reads out of the header that a mail API sends. */
function claimsOfChallenge(wanted: object): string {
  const header = challenge({
    clientId: world.sts.clients.server.clientId,
    authorizationUri: `${world.issuer}/oauth2/v2.0/authorize`,
    error: 'insufficient_claims',
    claims: wanted as never,
  })
  const found = parseChallenges(header).find(({ parameters }) => parameters.has('claims'))
  return Buffer.from(String(found?.parameters.get('claims')), 'base64').toString('utf8')
}

it('asks for the factor that is missing, and for nothing else', async () => {
  const claims = claimsOfChallenge({ access_token: { acrs: { essential: true, value: AAL2 } } })
  const asked = ask({ claims })
  world.pass(60)
  const page = await browser.open(asked.url)
  expect([asksFor(page, 'code'), asksFor(page, 'password')]).toEqual([true, false])
  const code = codeIn(await walk(world, browser, page))
  const answer = await redeem(world.token, { ...asked, code: String(code) })
  expect(claimsOf(answer.body.access_token)).toMatchObject({ acr: AAL2, amr: ['pwd', 'otp', 'mfa'] })
})

it('counts beside what the app says that it can do', async () => {
  const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] }, acr: { essential: true, values: [AAL2] } } })
  expect(asksFor(await browser.open(ask({ claims }).url), 'code')).toBe(true)
})

it('is not weakened by what the app prefers', async () => {
  const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: AAL2 } } })
  expect(asksFor(await browser.open(ask({ claims, acr_values: 'urn:postern:acr:aal1' }).url), 'code')).toBe(true)
})

it('that does not insist asks for nothing', async () => {
  const claims = JSON.stringify({ access_token: { acrs: { value: AAL2 } } })
  expect(codeIn(await browser.open(ask({ claims }).url))).toEqual(expect.any(String))
})

it('that cannot be read is refused to the app', async () => {
  for (const claims of ['{"access_token":', '"text"', '[]'])
    expect((await browser.open(ask({ claims }).url)).left?.searchParams.get('error'), claims).toBe('invalid_request')
})
