/** Every kind of token is refused in every place but its own (R32, R44, R56, R57); RFC 8725 section 3.12. */
import { createTokenValidator, type TokenValidator } from '@postern/resource-server'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, redeem, refresh } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import { assertion } from '../support/client-assertion.ts'
import {
  authorization,
  basic,
  codeOf,
  headerOf,
  MAIL,
  mailTokens,
  programToken,
  signedIn,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts'

const KINDS = [
  'access token',
  'program token',
  'userinfo token',
  'refresh token',
  'ID token',
  'code',
  'device code',
  'user code',
  'client assertion',
  'DPoP proof',
  'request URI',
] as const
type Kind = (typeof KINDS)[number]

let world: World
let browser: Browser
let validator: TokenValidator
let tokens: Readonly<Record<Kind, string>>

beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
  validator = createTokenValidator({
    issuers: [world.issuer],
    audience: MAIL,
    allowInsecureLoopback: true,
    clock: () => new Date(),
  })
  tokens = await oneOfEach()
})
afterAll(() => world.close())

async function oneOfEach(): Promise<Record<Kind, string>> {
  const { mail, keyed } = world.sts.clients
  const mailAnswer = await mailTokens(world, browser)
  const userinfo = await redeem(world.token, await codeOf(browser, authorization(world, { change: { scope: 'openid email' } })))
  const device = (
    await askToken(`${world.issuer}/oauth2/v2.0/devicecode`, { client_id: mail.clientId, scope: 'openid offline_access' })
  ).body
  const pushed = (
    await askToken(`${world.issuer}/oauth2/v2.0/par`, Object.fromEntries(new URL(authorization(world).url).searchParams))
  ).body
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return {
    'access token': mailAnswer.access,
    'program token': String((await programToken(world)).body.access_token),
    'userinfo token': String(userinfo.body.access_token),
    'refresh token': mailAnswer.refresh,
    'ID token': String(mailAnswer.body.id_token),
    code: (await codeOf(browser, authorization(world))).code,
    'device code': String(device.device_code),
    'user code': String(device.user_code),
    'client assertion': await assertion(world, keyed),
    'DPoP proof': await new SignJWT({ htm: 'POST', htu: world.token, jti: 'a-proof' })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) })
      .setIssuedAt()
      .sign(privateKey),
    'request URI': String(pushed.request_uri),
  }
}

const except = (...own: Kind[]): Kind[] => KINDS.filter((kind) => !own.includes(kind))

describe('the token endpoint', () => {
  it.each(except('refresh token'))('takes no %s for a refresh token', async (kind) => {
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, tokens[kind]))).toBe('400 invalid_grant')
  })

  it.each(except('code'))('takes no %s for a code', async (kind) => {
    const { mail } = world.sts.clients
    const answer = await redeem(world.token, {
      code: tokens[kind],
      verifier: 'a'.repeat(43),
      redirectUri: mail.redirectUri,
      clientId: mail.clientId,
    })
    expect(verdict(answer)).toBe('400 invalid_grant')
  })

  it.each(except('device code'))('takes no %s for a device code', async (kind) => {
    for (const name of ['device_code', 'code']) {
      const answer = await askToken(world.token, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        [name]: tokens[kind],
        client_id: world.sts.clients.mail.clientId,
      })
      expect(verdict(answer), name).toBe('400 invalid_grant')
    }
  })

  it.each(except('client assertion'))('takes no %s for a client assertion', async (kind) => {
    const answer = await askToken(world.token, {
      grant_type: 'client_credentials',
      client_id: world.sts.clients.keyed.clientId,
      resource: MAIL,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: tokens[kind],
    })
    expect(verdict(answer)).toMatch(/^(401 invalid_client|400 invalid_request)$/)
    expect(answer.body.access_token).toBeUndefined()
  })

  it.each(except('DPoP proof'))('takes no %s for a DPoP proof', async (kind) => {
    const answer = await askToken(
      world.token,
      { grant_type: 'client_credentials', resource: MAIL },
      { ...basic(world.sts.clients.confidential), dpop: tokens[kind] },
    )
    expect(verdict(answer)).toMatch(/^400 invalid_dpop_proof$/)
  })

  it.each(except())('takes no %s for a password', async (kind) => {
    const answer = await askToken(
      world.token,
      { grant_type: 'client_credentials', resource: MAIL },
      basic({ ...world.sts.clients.confidential, clientSecret: tokens[kind] }),
    )
    expect(verdict(answer)).toBe('401 invalid_client')
  })
})

describe('the authorization endpoint', () => {
  it.each(except('request URI'))('takes no %s for a pushed request', async (kind) => {
    const { mail } = world.sts.clients
    for (const uri of [tokens[kind], `urn:ietf:params:oauth:request_uri:${tokens[kind]}`]) {
      const page = await browser.open(
        `${world.issuer}/oauth2/v2.0/authorize?${new URLSearchParams({ client_id: mail.clientId, request_uri: uri })}`,
      )
      expect([page.status, page.left?.href]).toEqual([400, undefined])
    }
  })
})

describe('introspection', () => {
  it.each(except('access token', 'program token'))('tells the mail server nothing of a %s', async (kind) => {
    for (const hint of [{}, { token_type_hint: 'access_token' }, { token_type_hint: 'refresh_token' }]) {
      const answer = await askToken(
        `${world.issuer}/oauth2/v2.0/introspect`,
        { token: tokens[kind], ...hint },
        basic(world.sts.clients.server),
      )
      expect([answer.status, answer.body], JSON.stringify(hint)).toEqual([200, { active: false }])
    }
  })

  it.each(except('access token', 'program token'))('lets nobody ask with a %s as bearer', async (kind) => {
    const response = await fetch(`${world.issuer}/oauth2/v2.0/introspect`, {
      headers: { authorization: `Bearer ${tokens[kind]}` },
    })
    expect(await response.json()).toMatchObject({ active: false })
  })
})

describe('userinfo', () => {
  it.each(except('userinfo token'))('answers nobody who brings a %s', async (kind) => {
    const response = await fetch(`${world.issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${tokens[kind]}` } })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('invalid_token')
  })

  it('answers the holder of its own token', async () => {
    const response = await fetch(`${world.issuer}/oidc/userinfo`, {
      headers: { authorization: `Bearer ${tokens['userinfo token']}` },
    })
    expect(await response.json()).toMatchObject({ sub: world.sts.mary.account.id, email: 'mary@contoso.com' })
  })
})

describe('the mail server', () => {
  it.each(except('access token', 'program token'))('lets nobody in with a %s', async (kind) => {
    await expect(validator.validate(tokens[kind])).rejects.toMatchObject({ name: 'TokenError' })
  })

  it('that expects Dovecot’s `typ` refuses ID tokens too', async () => {
    for (const audience of [MAIL, world.sts.clients.mail.clientId, world.issuer]) {
      const lenient = createTokenValidator({
        issuers: [world.issuer],
        audience,
        types: ['at+jwt', 'JWT'],
        allowInsecureLoopback: true,
        clock: () => new Date(),
      })
      await expect(lenient.validate(tokens['ID token']), audience).rejects.toMatchObject({ name: 'TokenError' })
      await expect(lenient.validate(tokens['refresh token']), audience).rejects.toMatchObject({ name: 'TokenError' })
    }
  })

  it('of another name refuses tokens for this one', async () => {
    const other = createTokenValidator({
      issuers: [world.issuer],
      audience: 'https://other.contoso.com/',
      allowInsecureLoopback: true,
      clock: () => new Date(),
    })
    await expect(other.validate(tokens['access token'])).rejects.toMatchObject({ code: 'audience_mismatch' })
  })

  it('lets the holder of an access token in', async () => {
    expect(await validator.validate(tokens['access token'])).toMatchObject({ sub: world.sts.mary.account.id })
    expect(await validator.validate(tokens['program token'])).toMatchObject({
      client_id: world.sts.clients.confidential.clientId,
    })
  })
})

describe('revocation', () => {
  it.each(except('refresh token', 'access token', 'program token', 'userinfo token'))(
    'of a %s answers 200 and ends nothing',
    async (kind) => {
      const { mail } = world.sts.clients
      const answer = await askToken(`${world.issuer}/oauth2/v2.0/revoke`, { token: tokens[kind], client_id: mail.clientId })
      expect(answer.status).toBe(200)
      const told = await askToken(
        `${world.issuer}/oauth2/v2.0/introspect`,
        { token: tokens['access token'] },
        basic(world.sts.clients.server),
      )
      expect(told.body.active).toBe(true)
    },
  )
})

it('each JWT says what it is', () => {
  expect(headerOf(tokens['access token']).typ).toBe('at+jwt')
  expect(headerOf(tokens['program token']).typ).toBe('at+jwt')
  expect(headerOf(tokens['refresh token']).typ).toBe('rt+jwt')
  expect(headerOf(tokens['ID token']).typ).toBe('JWT')
})

it('and every token still does its own work after all this', async () => {
  const { mail, keyed } = world.sts.clients
  expect(verdict(await refresh(world.token, mail.clientId, tokens['refresh token']))).toBe('200 ok')
  const poll = await askToken(world.token, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: tokens['device code'],
    client_id: mail.clientId,
  })
  expect(verdict(poll)).toBe('400 authorization_pending')
  const form = {
    grant_type: 'client_credentials',
    resource: MAIL,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: tokens['client assertion'],
  }
  expect(verdict(await askToken(world.token, { ...form, client_id: keyed.clientId }))).toBe('200 ok')
})
