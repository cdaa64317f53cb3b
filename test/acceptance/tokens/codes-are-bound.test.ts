/** Authorization codes: once (R21), briefly (R22), bound to client, redirect address and challenge (R23). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askToken, redeem, refresh, refreshTokenOf } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import { authorization, basic, codeOf, signedIn, startWorld, verdict, type World } from '../support/world.ts'

let world: World
let browser: Browser

beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

const newCode = () => codeOf(browser, authorization(world))
const introspect = async (token: string) => {
  const { server } = world.sts.clients
  const answer = await askToken(`${world.issuer}/oauth2/v2.0/introspect`, { token }, basic(server))
  return answer.body.active
}

it('works once; the second time it is refused and everything that came of it ends', async () => {
  const code = await newCode()
  const first = await redeem(world.token, code)
  expect(verdict(first)).toBe('200 ok')
  expect(await introspect(String(first.body.access_token))).toBe(true)
  expect(verdict(await redeem(world.token, code))).toBe('400 invalid_grant')
  expect(verdict(await refresh(world.token, code.clientId, refreshTokenOf(first)))).toBe('400 invalid_grant')
  expect(await introspect(String(first.body.access_token))).toBe(false)
  expect(verdict(await redeem(world.token, code))).toBe('400 invalid_grant')
})

it('used a second time ends also what refreshing has made of it since', async () => {
  const code = await newCode()
  const first = refreshTokenOf(await redeem(world.token, code))
  const second = refreshTokenOf(await refresh(world.token, code.clientId, first))
  expect(verdict(await redeem(world.token, code))).toBe('400 invalid_grant')
  for (const token of [first, second]) expect(verdict(await refresh(world.token, code.clientId, token))).toBe('400 invalid_grant')
})

it('lives as long as the realm says, 60 s at most, and not a second longer', async () => {
  const { authorizationCodeSeconds } = world.sts.realm.settings
  expect(authorizationCodeSeconds).toBeLessThanOrEqual(60)
  const young = await newCode()
  world.pass(authorizationCodeSeconds - 1)
  expect(verdict(await redeem(world.token, young))).toBe('200 ok')
  const old = await newCode()
  world.pass(authorizationCodeSeconds + 1)
  expect(verdict(await redeem(world.token, old))).toBe('400 invalid_grant')
})

it('is of no use to another client, and stays whole for its own', async () => {
  const code = await newCode()
  const form = { grant_type: 'authorization_code', code: code.code, redirect_uri: code.redirectUri, code_verifier: code.verifier }
  const stolen = await askToken(world.token, form, basic(world.sts.clients.confidential))
  expect(verdict(stolen)).toBe('400 invalid_grant')
  const again = await askToken(
    world.token,
    { ...form, redirect_uri: world.sts.clients.confidential.redirectUri },
    basic(world.sts.clients.confidential),
  )
  expect(verdict(again)).toBe('400 invalid_grant')
  expect(verdict(await redeem(world.token, code))).toBe('200 ok')
})

it('after it was used is not ended by another client that presents it', async () => {
  const code = await newCode()
  const answer = await redeem(world.token, code)
  const form = { grant_type: 'authorization_code', code: code.code, redirect_uri: code.redirectUri, code_verifier: code.verifier }
  expect(verdict(await askToken(world.token, form, basic(world.sts.clients.confidential)))).toBe('400 invalid_grant')
  expect(verdict(await refresh(world.token, code.clientId, refreshTokenOf(answer)))).toBe('200 ok')
})

it('is bound to the redirect address, even to one that is registered too', async () => {
  for (const redirectUri of [
    'http://localhost',
    'http://127.0.0.1:5000/callback',
    'http://127.0.0.1/callback/',
    'com.contoso.mail://oauth-redirect',
    '',
  ]) {
    const code = await newCode()
    expect(verdict(await redeem(world.token, { ...code, redirectUri })), redirectUri).toMatch(/^400 invalid_(grant|request)$/)
  }
  const code = await newCode()
  const { code: value, verifier, clientId } = code
  const without = await askToken(world.token, {
    grant_type: 'authorization_code',
    code: value,
    client_id: clientId,
    code_verifier: verifier,
  })
  expect(verdict(without)).toMatch(/^400 invalid_(grant|request)$/)
})

it('is bound to its own challenge and to no other of the same client', async () => {
  const [one, other] = [await newCode(), await newCode()]
  expect(verdict(await redeem(world.token, { ...one, verifier: other.verifier }))).toBe('400 invalid_grant')
  expect(verdict(await redeem(world.token, other))).toBe('200 ok')
})

it('is not found by anything like it', async () => {
  const { code } = await newCode()
  for (const near of [
    code.slice(0, -1),
    `${code}A`,
    ` ${code}`,
    `${code} `,
    code.toLowerCase(),
    code.toUpperCase(),
    `${code}\0`,
    '',
    '%',
    "' OR '1'='1",
  ]) {
    const answer = await redeem(world.token, {
      code: near,
      verifier: 'a'.repeat(43),
      redirectUri: world.sts.clients.mail.redirectUri,
      clientId: world.sts.clients.mail.clientId,
    })
    expect(answer.status, near).toBe(400)
    expect(['invalid_grant', 'invalid_request'], near).toContain(answer.body.error)
  }
})
