/** An app registers itself, its person signs in with it and knows that nobody vouches for its name; it takes itself back (RFC 7591, 7592). */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { ClientId } from '@postern/storage'
import type { TestClient } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, redeem, refresh } from '../../support/person-browser.ts'
import { type Browser, createBrowser, textOf } from '../support/browser.ts'
import { ASSERTION_TYPE, assertion } from '../support/client-assertion.ts'
import { typeCode } from '../support/device.ts'
import { authorization, basic, claimsOf, MAIL_SCOPE, signedIn, startWorld, verdict, type World } from '../support/world.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const NAME = 'Mail for Nothing'
let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
  await world.sts.kept.resources.replace({ ...world.sts.resource, openToRegistered: true })
})
afterAll(() => world.close())

interface Registered {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

const call = async (url: string, init: RequestInit = {}): Promise<Registered> => {
  const response = await fetch(url, init)
  const text = await response.text()
  const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: response.status, headers: response.headers, body }
}
const native = {
  client_name: NAME,
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
  client_uri: 'https://mail.example',
  software_id: 'mail',
}
const register = (metadata: object, token?: string): Promise<Registered> =>
  call(`${world.issuer}/oauth2/v2.0/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(metadata),
  })
const manage = ({ body }: Registered, method: string, token: unknown = body.registration_access_token): Promise<Registered> =>
  call(String(body.registration_client_uri), { method, headers: { authorization: `Bearer ${token}` } })
const invite = async (clients: number): Promise<{ token: string; id: string }> => {
  const [token, id] = [randomBytes(32).toString('base64url'), randomBytes(8).toString('hex')]
  await world.sts.kept.clientRegistrations.invite({
    id,
    digest: new Uint8Array(createHash('sha256').update(token).digest()),
    label: 'test',
    clients,
    clientsLeft: clients,
    createdAt: new Date(),
    createdBy: 'test',
    expiresAt: new Date(Date.now() + 3_600_000),
  })
  return { token, id }
}
const asClient = ({ body }: Registered, redirectUri = native.redirect_uris[0] ?? ''): TestClient => ({
  clientId: String(body.client_id),
  redirectUri,
  ...(typeof body.client_secret === 'string' ? { clientSecret: body.client_secret } : {}),
})
const setMode = (clientRegistration: 'token' | 'open'): Promise<void> => world.changeSettings({ clientRegistration })
/** The code after the person has agreed. */
const agree = async (asked: ReturnType<typeof authorization>) => {
  const page = await browser.open(asked.url)
  const { left } = await browser.submit(page, { decision: 'allow' })
  return { page, code: { ...asked, code: left?.searchParams.get('code') ?? `none, but ${left}` } }
}
const rowsOf = (event: string) => world.sts.kept.audit.list({ event, limit: 50 })
const metadataOf = async (): Promise<Record<string, unknown>> =>
  (await call(`${world.issuer}/.well-known/openid-configuration`)).body

describe('where nothing is said', () => {
  it('no app registers itself, and the metadata tells of no place for it', async () => {
    expect((await register(native)).status).toBe(404)
    expect((await register(native, 'a-token')).status).toBe(404)
    expect(await metadataOf()).not.toHaveProperty('registration_endpoint')
  })
})

describe('with an invitation', () => {
  beforeAll(() => setMode('token'))

  it('the metadata says where', async () => {
    const endpoint = `${world.issuer}/oauth2/v2.0/register`
    expect(await metadataOf()).toMatchObject({ registration_endpoint: endpoint, claim_types_supported: ['normal'] })
    const { body } = await call(`${world.issuer}/.well-known/oauth-authorization-server`)
    expect(body.registration_endpoint).toBe(endpoint)
  })

  it('nobody else registers', async () => {
    const none = await register(native)
    expect([none.status, none.body.error, none.headers.get('www-authenticate')]).toEqual([401, 'invalid_token', 'Bearer'])
    const wrong = await register(native, 'a'.repeat(43))
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
  })

  it('an app registers with a secret, signs its person in, and the secret is kept as a digest', async () => {
    const { token, id } = await invite(1)
    const made = await register(
      { ...native, redirect_uris: ['https://app.example/cb'], token_endpoint_auth_method: 'client_secret_basic' },
      token,
    )
    expect(made.status).toBe(201)
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(made.body).toMatchObject({
      client_name: NAME,
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: Math.floor(Date.now() / 1000) + 1095 * 86_400,
      client_id_issued_at: Math.floor(Date.now() / 1000),
      redirect_uris: ['https://app.example/cb'],
      response_types: ['code'],
    })
    expect(made.body).not.toHaveProperty('client_uri')
    const client = asClient(made, 'https://app.example/cb')
    const { code } = await agree(authorization(world, { client }))
    const form = {
      grant_type: 'authorization_code',
      code: code.code,
      redirect_uri: code.redirectUri,
      code_verifier: code.verifier,
    }
    expect(verdict(await askToken(world.token, form, basic({ ...client, clientSecret: 'wrong' })))).toBe('401 invalid_client')
    const { code: again } = await agree(authorization(world, { client }))
    const answer = await askToken(world.token, { ...form, code: again.code, code_verifier: again.verifier }, basic(client))
    expect(verdict(answer)).toBe('200 ok')
    expect(claimsOf(answer.body.access_token).scp).toBe('EAS.AccessAsUser.All')
    const kept = JSON.stringify(await world.sts.kept.clients.findWithCredentials(client.clientId as ClientId))
    expect(kept).not.toContain(client.clientSecret)
    expect(await rowsOf('client.registered')).toContainEqual(
      expect.objectContaining({
        clientId: client.clientId,
        detail: expect.objectContaining({ name: NAME, invitation: id }),
      }),
    )
    const trail = JSON.stringify(await world.sts.kept.audit.list({ limit: 50 }))
    for (const secret of [token, made.body.client_secret, made.body.registration_access_token])
      expect(trail).not.toContain(secret)
    expect((await register(native, token)).status).toBe(401)
  })

  it('an invitation counts only what was registered, and no more than it says at once', async () => {
    const { token } = await invite(2)
    expect((await register({ ...native, redirect_uris: [] }, token)).status).toBe(400)
    const made = await Promise.all(Array.from({ length: 5 }, () => register(native, token)))
    expect(made.map(({ status }) => status).toSorted()).toEqual([201, 201, 401, 401, 401])
  })

  it('an app proves itself by a key that it calls by a name of its own', async () => {
    const { token } = await invite(1)
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = { ...publicKey.export({ format: 'jwk' }), kid: 'mine', x5u: 'http://169.254.169.254/' }
    const made = await register(
      { ...native, token_endpoint_auth_method: 'private_key_jwt', application_type: 'native', jwks: { keys: [key] } },
      token,
    )
    expect(made.status).toBe(201)
    const { x5u: _, ...kept } = key
    expect(made.body.jwks).toEqual({ keys: [{ ...kept, alg: 'ES256', use: 'sig' }] })
    expect(made.body).not.toHaveProperty('client_secret')
    const { body } = await manage(made, 'GET')
    expect(body.jwks).toEqual(made.body.jwks)
    const client = asClient(made)
    const { code } = await agree(authorization(world, { client }))
    const answer = await askToken(world.token, {
      grant_type: 'authorization_code',
      code: code.code,
      redirect_uri: code.redirectUri,
      code_verifier: code.verifier,
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await assertion(world, client, { header: { alg: 'ES256', kid: 'mine' }, key: privateKey }),
    })
    expect(verdict(answer)).toBe('200 ok')
  })
})

describe('where the realm is open', () => {
  beforeAll(() => setMode('open'))

  it('a mail app registers, its person is told that nobody vouches for its name, each time, and it gets mail', async () => {
    const made = await register(native)
    expect(made.status).toBe(201)
    expect(made.body).not.toHaveProperty('client_secret')
    expect(String(made.body.scope).split(' ')).toEqual(
      expect.arrayContaining(['openid', 'offline_access', 'https://mail.contoso.com/EAS.AccessAsUser.All']),
    )
    const client = asClient(made)
    const asked = () => authorization(world, { client, redirectUri: 'http://127.0.0.1:61234/callback' })
    const first = await agree(asked())
    expect(textOf(first.page.html)).toContain(`An app that calls itself “${NAME}” asks for access`)
    expect(textOf(first.page.html)).toContain('Nobody at Contoso has checked')
    const answer = await redeem(world.token, first.code)
    expect(verdict(answer)).toBe('200 ok')
    expect(verdict(await refresh(world.token, client.clientId, String(answer.body.refresh_token)))).toBe('200 ok')
    const second = await browser.open(asked().url)
    expect(textOf(second.html)).toContain('asks for access')
    const silent = await browser.open(authorization(world, { client, change: { prompt: 'none' } }).url)
    expect(silent.left?.searchParams.get('error')).toBe('consent_required')
    const fresh = await createBrowser().open(asked().url)
    expect(textOf(fresh.html)).toContain(`“${NAME}” (not verified)`)
    expect(await world.sts.kept.clientRegistrations.find(client.clientId as ClientId)).toMatchObject({ usedAt: new Date() })
  })

  it('it must show a proof key', async () => {
    const client = asClient(await register(native))
    const bare = { code_challenge: undefined, code_challenge_method: undefined }
    const { left } = await browser.open(authorization(world, { client, change: bare }).url)
    expect(left?.searchParams.get('error')).toBe('invalid_request')
  })

  it('a device registers, and the page for its code says the same of its name', async () => {
    const made = await register({ client_name: NAME, grant_types: [DEVICE], token_endpoint_auth_method: 'none' })
    expect(made.body).toMatchObject({ response_types: [], redirect_uris: [] })
    const form = { client_id: String(made.body.client_id), scope: MAIL_SCOPE.replace(' offline_access', '') }
    const { body } = await askToken(`${world.issuer}/oauth2/v2.0/devicecode`, form)
    const page = await typeCode(world, browser, String(body.user_code))
    expect(textOf(page.html)).toContain(`“${NAME}” (not verified)`)
    const consent = await browser.submit(page, { confirm: 'yes' })
    expect(textOf(consent.html)).toContain(`An app that calls itself “${NAME}”`)
    await browser.submit(consent, { decision: 'allow' })
    const poll = { grant_type: DEVICE, device_code: String(body.device_code), client_id: form.client_id }
    expect(verdict(await askToken(world.token, poll))).toBe('200 ok')
  })

  it('only native public clients come uninvited, and none that sends codes elsewhere', async () => {
    const refusals = [
      [{ ...native, token_endpoint_auth_method: 'client_secret_basic' }, 'invalid_client_metadata'],
      [{ ...native, token_endpoint_auth_method: undefined }, 'invalid_client_metadata'],
      [{ ...native, application_type: 'web' }, 'invalid_client_metadata'],
      [{ ...native, redirect_uris: ['https://app.example/cb'] }, 'invalid_redirect_uri'],
      [{ ...native, redirect_uris: ['com.apple.Preferences://oauth-redirect'] }, 'invalid_redirect_uri'],
    ] as const
    for (const [metadata, error] of refusals) {
      const { status, body } = await register(metadata)
      expect([status, body.error], JSON.stringify(metadata)).toEqual([400, error])
    }
    const { token } = await invite(1)
    expect((await register({ ...native, redirect_uris: ['https://app.example/cb'] }, token)).status).toBe(201)
    expect((await register(native, 'a-wrong-token')).status).toBe(401)
    expect(await rowsOf('client.refused')).toContainEqual(
      expect.objectContaining({ detail: expect.objectContaining({ endpoint: 'registration', error: 'invalid_token' }) }),
    )
  })

  it('it asks for what was opened to such apps alone, also when that was closed since', async () => {
    const { kept, resource } = world.sts
    const wide = await register({ ...native, scope: 'openid EAS.AccessAsUser.All' })
    expect(wide.body.scope).toBe('openid profile email offline_access https://mail.contoso.com/EAS.AccessAsUser.All')
    const refused = await browser.open(
      authorization(world, { client: asClient(wide), change: { scope: 'openid https://mail.contoso.com/Mail.Read' } }).url,
    )
    expect(refused.left?.searchParams.get('error')).toBe('invalid_scope')
    expect((await register({ ...native, scope: 'openid Salary.Read' })).body.error).toBe('invalid_client_metadata')
    await kept.resources.replace(resource)
    expect((await register({ ...native, scope: 'openid EAS.AccessAsUser.All' })).body.error).toBe('invalid_client_metadata')
    expect((await register(native)).body.scope).toBe('openid profile email offline_access')
    await kept.resources.replace({ ...resource, openToRegistered: true })
  })
})

describe('an app that is registered', () => {
  it('reads what is registered of it, and nobody else does', async () => {
    const [made, other] = [await register(native), await register(native)]
    const { status, body, headers } = await manage(made, 'GET')
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual(made.body)
    const id = world.sts.clients.mail.clientId
    const administrators = {
      ...made,
      body: { ...made.body, registration_client_uri: `${world.issuer}/oauth2/v2.0/register/${id}` },
    }
    const nobodys = { ...made, body: { ...made.body, registration_client_uri: `${world.issuer}/oauth2/v2.0/register/nobody` } }
    const refusals = await Promise.all([
      manage(made, 'GET', other.body.registration_access_token),
      manage(made, 'DELETE', other.body.registration_access_token),
      manage(made, 'GET', ''),
      manage(administrators, 'GET'),
      manage(administrators, 'DELETE'),
      manage(nobodys, 'GET'),
    ])
    expect(refusals.map((one) => `${one.status} ${one.body.error}`)).toEqual(Array(6).fill('401 invalid_token'))
    const put = await manage(made, 'PUT')
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, DELETE'])
    const query = await call(`${made.body.registration_client_uri}?access_token=${made.body.registration_access_token}`)
    expect(query.status).toBe(401)
  })

  it('takes itself back, and its sign-ins end with it', async () => {
    const made = await register(native)
    const client = asClient(made)
    const { code } = await agree(authorization(world, { client }))
    const { body } = await redeem(world.token, code)
    expect((await manage(made, 'DELETE')).status).toBe(204)
    expect(verdict(await refresh(world.token, client.clientId, String(body.refresh_token)))).toBe('401 invalid_client')
    expect((await manage(made, 'GET')).status).toBe(401)
    expect(await rowsOf('client.removed')).toContainEqual(
      expect.objectContaining({ clientId: client.clientId, detail: { name: NAME } }),
    )
  })

  it('is forgotten a month after it came when nobody signs in with it', async () => {
    const unused = await register(native)
    const used = await register(native)
    await agree(authorization(world, { client: asClient(used) }))
    const isThere = async (one: Registered) =>
      (await world.sts.kept.clients.find(String(one.body.client_id) as ClientId)) !== undefined
    const sweep = (days: number) => world.sts.store.removeExpired(new Date(Date.now() + days * 86_400_000), 100)
    await sweep(29)
    expect(await isThere(unused)).toBe(true)
    await sweep(30)
    expect(await isThere(unused)).toBe(false)
  })
})
