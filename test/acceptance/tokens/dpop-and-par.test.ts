/** Pushed requests once and for their client (R18), and tokens bound to a key (R80, R81); RFC 9126, RFC 9449. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { createTokenValidator } from '@postern/resource-server'
import { exportJWK, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, refresh, type TokenAnswer } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import {
  type Asked,
  authorization,
  basic,
  claimsOf,
  codeOf,
  MAIL,
  signedIn,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts'

let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

describe('a pushed request', () => {
  const par = () => `${world.issuer}/oauth2/v2.0/par`
  const push = (asked: Asked, headers: Record<string, string> = {}) =>
    askToken(par(), Object.fromEntries(new URL(asked.url).searchParams), headers)
  const follow = (clientId: string, requestUri: unknown, more: Record<string, string> = {}) =>
    browser.open(
      `${world.issuer}/oauth2/v2.0/authorize?${new URLSearchParams({ client_id: clientId, request_uri: String(requestUri), ...more })}`,
    )

  it('works once', async () => {
    const asked = authorization(world)
    const { status, body } = await push(asked)
    expect(status).toBe(201)
    expect(body.expires_in).toEqual(expect.any(Number))
    const page = await follow(asked.clientId, body.request_uri)
    expect(page.left?.searchParams.get('code')).toEqual(expect.any(String))
    const again = await follow(asked.clientId, body.request_uri)
    expect([again.left?.href, again.status]).toEqual([undefined, 400])
  })

  it('works once, twenty times at the same moment', async () => {
    const asked = authorization(world)
    const { body } = await push(asked)
    const pages = await Promise.all(Array.from({ length: 20 }, () => follow(asked.clientId, body.request_uri)))
    expect(pages.filter((page) => page.status >= 500).map((page) => page.status)).toEqual([])
    expect(pages.filter((page) => page.left?.searchParams.get('code')).length).toBe(1)
  })

  it('is of no use to another client', async () => {
    const { body } = await push(authorization(world))
    const page = await follow(world.sts.clients.confidential.clientId, body.request_uri)
    expect([page.left?.href, page.status]).toEqual([undefined, 400])
  })

  it('is not changed by what the browser adds', async () => {
    const asked = authorization(world)
    const { body } = await push(asked)
    const page = await follow(asked.clientId, body.request_uri, {
      redirect_uri: 'https://evil.example/',
      scope: 'openid',
      state: 'other',
      code_challenge: 'a'.repeat(43),
    })
    if (page.left === undefined) return expect(page.status).toBe(400)
    expect(page.left.href.startsWith(asked.redirectUri)).toBe(true)
    const code = page.left.searchParams.get('code')
    expect(page.left.searchParams.get('state')).toBe('a-state')
    const answer = await askToken(world.token, {
      grant_type: 'authorization_code',
      code: String(code),
      redirect_uri: asked.redirectUri,
      client_id: asked.clientId,
      code_verifier: asked.verifier,
    })
    expect(verdict(answer)).toBe('200 ok')
  })

  it('ends by itself', async () => {
    const asked = authorization(world)
    const { body } = await push(asked)
    world.pass(Number(body.expires_in) + 1)
    const page = await follow(asked.clientId, body.request_uri)
    expect([page.left?.href, page.status]).toEqual([undefined, 400])
  })

  it('is refused where it would be refused at the front', async () => {
    for (const change of [
      { redirect_uri: 'https://evil.example/' },
      { response_type: 'token' },
      { code_challenge: undefined },
      { resource: 'https://evil.example/' },
      { request_uri: 'urn:x' },
    ])
      expect((await push(authorization(world, { change }))).status, JSON.stringify(change)).toBe(400)
    const { confidential } = world.sts.clients
    expect(verdict(await push(authorization(world, { client: confidential })))).toBe('401 invalid_client')
    expect((await push(authorization(world, { client: confidential }), basic(confidential))).status).toBe(201)
  })

  it('is demanded of a client that is registered so', async () => {
    await world.changeClient(world.sts.clients.mail, { pushedAuthorizationRequired: true })
    const asked = authorization(world)
    const direct = await browser.open(asked.url)
    expect(direct.left?.searchParams.get('code') ?? null).toBeNull()
    const page = await follow(asked.clientId, (await push(asked)).body.request_uri)
    expect(page.left?.searchParams.get('code')).toEqual(expect.any(String))
    await world.changeClient(world.sts.clients.mail, { pushedAuthorizationRequired: false })
  })
})

describe('a token bound to a key (DPoP)', () => {
  interface Key {
    readonly privateKey: KeyObject
    readonly jwk: JWK
  }
  async function newKey(): Promise<Key> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return { privateKey, jwk: await exportJWK(publicKey) }
  }
  interface ProofChange {
    readonly claims?: Record<string, unknown>
    readonly header?: Record<string, unknown>
    readonly signedBy?: KeyObject
  }
  async function proof(key: Key, change: ProofChange = {}): Promise<string> {
    const claims = { htm: 'POST', htu: world.token, jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...change.claims }
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk, ...change.header }
    const kept = (values: object) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
    return new SignJWT(kept(claims)).setProtectedHeader(kept(header) as typeof header).sign(change.signedBy ?? key.privateKey)
  }
  const redeemWith = async (header: Record<string, string>): Promise<TokenAnswer> => {
    const code = await codeOf(browser, authorization(world))
    return askToken(
      world.token,
      {
        grant_type: 'authorization_code',
        code: code.code,
        redirect_uri: code.redirectUri,
        client_id: code.clientId,
        code_verifier: code.verifier,
      },
      header,
    )
  }
  const refreshWith = (token: unknown, header: Record<string, string>) =>
    askToken(
      world.token,
      { grant_type: 'refresh_token', refresh_token: String(token), client_id: world.sts.clients.mail.clientId },
      header,
    )

  it('says so, and its refresh token works with that key only', async () => {
    browser = await signedIn(world)
    const [key, other] = [await newKey(), await newKey()]
    const answer = await redeemWith({ dpop: await proof(key) })
    expect(verdict(answer), answer.text).toBe('200 ok')
    expect(answer.body.token_type).toBe('DPoP')
    const { cnf } = claimsOf(answer.body.access_token)
    const { crv, kty, x, y } = key.jwk
    expect(cnf).toEqual({ jkt: createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url') })
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, String(answer.body.refresh_token)))).toMatch(
      /^400 /,
    )
    expect(verdict(await refreshWith(answer.body.refresh_token, { dpop: await proof(other) }))).toMatch(/^400 /)
    const again = await refreshWith(answer.body.refresh_token, { dpop: await proof(key) })
    expect(verdict(again), again.text).toBe('200 ok')
    expect(claimsOf(again.body.access_token).cnf).toEqual(cnf)
  })

  it('is refused where a plain bearer is due, and as one', async () => {
    const answer = await redeemWith({ dpop: await proof(await newKey()) })
    const token = String(answer.body.access_token)
    const validator = createTokenValidator({
      issuers: [world.issuer],
      audience: MAIL,
      allowInsecureLoopback: true,
      clock: () => new Date(),
    })
    await expect(validator.validate(token)).rejects.toMatchObject({ code: 'sender_constraint_missing' })
    const bearer = await fetch(`${world.issuer}/oauth2/v2.0/introspect`, { headers: { authorization: `Bearer ${token}` } })
    expect(await bearer.json()).toEqual({ active: false })
    const told = await askToken(`${world.issuer}/oauth2/v2.0/introspect`, { token }, basic(world.sts.clients.server))
    expect(told.body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: expect.any(String) } })
  })

  const seconds = () => Math.floor(Date.now() / 1000)
  it.each<[string, () => ProofChange | Promise<ProofChange>]>([
    ['of another type', () => ({ header: { typ: 'JWT' } })],
    ['without a type', () => ({ header: { typ: undefined } })],
    ['without its key', () => ({ header: { jwk: undefined } })],
    ['with a private key in it', async () => ({ header: { jwk: { ...(await newKey()).jwk, d: 'AAAA' } } })],
    ['signed by another key', async () => ({ signedBy: (await newKey()).privateKey })],
    ['for another method', () => ({ claims: { htm: 'GET' } })],
    ['without a method', () => ({ claims: { htm: undefined } })],
    ['for another address', () => ({ claims: { htu: 'https://evil.example/token' } })],
    ['for another endpoint of ours', () => ({ claims: { htu: `${world.issuer}/oauth2/v2.0/par` } })],
    ['without an address', () => ({ claims: { htu: undefined } })],
    ['without a time', () => ({ claims: { iat: undefined } })],
    ['from long ago', () => ({ claims: { iat: seconds() - 3600 } })],
    ['from the future', () => ({ claims: { iat: seconds() + 3600 } })],
    ['without a number of its own', () => ({ claims: { jti: undefined } })],
  ])('is not given for a proof %s', async (_name, change) => {
    const answer = await redeemWith({ dpop: await proof(await newKey(), await change()) })
    expect(verdict(answer)).toBe('400 invalid_dpop_proof')
    expect(answer.body.access_token).toBeUndefined()
  })

  it('is not given for a proof that is none', async () => {
    const unsigned = (header: object, claims: object) =>
      `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
    const { jwk } = await newKey()
    for (const dpop of [
      'x',
      'a.b.c',
      unsigned({ alg: 'none', typ: 'dpop+jwt', jwk }, { htm: 'POST', htu: world.token, jti: 'x', iat: seconds() }),
      `${await proof(await newKey())}, ${await proof(await newKey())}`,
    ])
      expect(verdict(await redeemWith({ dpop })), dpop.slice(0, 30)).toBe('400 invalid_dpop_proof')
  })

  it('is given once for a proof, twenty times at the same moment', async () => {
    const dpop = await proof(await newKey())
    const codes: (Asked & { code: string })[] = []
    for (let at = 0; at < 20; at += 1) codes.push(await codeOf(browser, authorization(world)))
    const answers = await Promise.all(
      codes.map((code) =>
        askToken(
          world.token,
          {
            grant_type: 'authorization_code',
            code: code.code,
            redirect_uri: code.redirectUri,
            client_id: code.clientId,
            code_verifier: code.verifier,
          },
          { dpop },
        ),
      ),
    )
    expect(answers.filter((answer) => answer.status === 200).length).toBe(1)
    for (const answer of answers) expect(verdict(answer)).toMatch(/^(200 ok|400 invalid_(dpop_proof|grant))$/)
    expect(verdict(await redeemWith({ dpop }))).toMatch(/^400 invalid_(dpop_proof|grant)$/)
  })

  it('is demanded of a client that is registered so', async () => {
    await world.changeClient(world.sts.clients.mail, { dpopBoundAccessTokens: true })
    expect(verdict(await redeemWith({}))).toMatch(/^400 /)
    expect(verdict(await redeemWith({ dpop: await proof(await newKey()) }))).toBe('200 ok')
    await world.changeClient(world.sts.clients.mail, { dpopBoundAccessTokens: false })
  })
})
