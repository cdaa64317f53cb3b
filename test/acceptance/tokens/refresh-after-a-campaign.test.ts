/** What an administrator demands of an account ends what was proved by less (R33, R43). */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { redeem } from '../../support/person-browser.ts'
import { createBrowser } from '../support/browser.ts'
import { authorization, startWorld, verdict, type World, walk } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const policy of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(policy.id)
})
beforeEach(() => world.pass(60))
afterAll(() => world.close())

/** A refresh token from a sign-in with the password alone, and a try to use it. */
async function passwordOnly() {
  const person = await world.sts.addPerson({ name: `person-${Math.random().toString(36).slice(2, 8)}`, factor: false })
  const browser = createBrowser()
  const asked = authorization(world, { change: { login_hint: person.upn } })
  const page = await walk(world, browser, await browser.open(asked.url), person)
  const answer = await redeem(world.token, { ...asked, code: String(page.left?.searchParams.get('code')) })
  const refresh = async () => {
    const form = { grant_type: 'refresh_token', refresh_token: String(answer.body.refresh_token), client_id: asked.clientId }
    const response = await fetch(world.token, { method: 'POST', body: new URLSearchParams(form) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers }
  }
  const enforcement = world.sts.kept.enforcement
  const set = (state: 'enabled' | 'enforced') => enforcement.set([person.account.id], { state, at: new Date() })
  return { refresh, set, id: person.account.id, enforcement }
}

it('an account that is asked, and may put it off, goes on refreshing', async () => {
  const { refresh, set } = await passwordOnly()
  await set('enabled')
  expect((await refresh()).status).toBe(200)
})

it('an enforced account refreshes no more what a password alone had begun', async () => {
  const { refresh, set } = await passwordOnly()
  await set('enforced')
  expect(verdict((await refresh()) as never)).toBe('400 invalid_grant')
})

it('nor does one that has put it off as often as it may', async () => {
  const { refresh, set, id, enforcement } = await passwordOnly()
  await set('enabled')
  for (let times = 0; times < 3; times += 1) await enforcement.postpone(id, { atMost: 3, until: new Date() })
  expect(verdict((await refresh()) as never)).toBe('400 invalid_grant')
})

it('a sign-in for the portal is exchanged for no token, whoever made the request', async () => {
  const person = await world.sts.addPerson({ name: 'portal-only', factor: false })
  const asked = authorization(world, {
    redirectUri: `${world.issuer}/portal/signed-in`,
    client: { clientId: 'postern-portal', redirectUri: `${world.issuer}/portal/signed-in` },
    change: { scope: 'openid', login_hint: person.upn },
  })
  const browser = createBrowser()
  await browser.submit(await browser.open(asked.url), { password: person.password })
  // Signed in by now, so the same request is answered at once; what follows the answer is the portal's.
  const cookie = [...browser.cookies].map(([key, { value }]) => `${key.split(';')[0]}=${value}`).join('; ')
  const answer = await fetch(asked.url, { headers: { cookie }, redirect: 'manual' })
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code')
  expect(code).toEqual(expect.any(String))
  expect(verdict(await redeem(world.token, { ...asked, code: String(code) }))).toBe('400 invalid_grant')
})
