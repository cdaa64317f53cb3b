/** What the files of a client pack describe really works, and they tell nobody more than everybody may know. */
import { createHash, randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import type { Client, ClientId, MailHosts } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askToken } from '../../support/person-browser.ts'
import { createBrowser } from '../support/browser.ts'
import { claimsOf, signedIn, walk } from '../support/world.ts'
import { type Gate, startGate } from './gate-stage.ts'

const hosts: MailHosts = {
  imap: { host: 'imap.contoso.com', port: 993, tls: 'implicit' },
  smtp: { host: 'smtp.contoso.com', port: 587, tls: 'starttls' },
  activesync: 'https://mail.contoso.com/Microsoft-Server-ActiveSync',
}
const THUNDERBIRD = '9e5f94bc-e8a4-4e73-b8be-63364c29d753'
const APPLE = 'f8d98a96-0999-43f5-8af3-69971c7bb423'

let gate: Gate
const get = (name: string, init?: RequestInit) => fetch(`${gate.world.issuer}/client-pack/${name}`, init)

/** As `postern client add --preset` and `postern client grant` leave it. */
async function register(id: string, change: Pick<Client, 'displayName' | 'redirectUris' | 'pkce'>): Promise<void> {
  const { kept, clients, resource } = gate.world.sts
  const like = await kept.clients.find(clients.mail.clientId as ClientId) // a brand has no runtime part
  if (like === undefined) throw new TypeError('no client to begin with')
  const access = [{ resourceId: resource.id, scopes: resource.scopes }]
  await kept.clients.add({ ...like, id: id as ClientId, access, ...change })
}

beforeAll(async () => {
  gate = await startGate()
})
afterAll(async () => gate?.world.close())

test('a realm that has not said where its mail servers are has no files', async () => {
  for (const name of ['postern-thunderbird.xpi', 'config-v1.1.xml', 'mail.mobileconfig'])
    expect((await get(name)).status, name).toBe(404)
})

test('files are served as what they are, to be kept for a while, and are the same for everybody', async () => {
  await gate.world.changeSettings({ mailHosts: hosts })
  await register(THUNDERBIRD, { displayName: 'Thunderbird', redirectUris: ['http://localhost'], pkce: 'required' })
  await register(APPLE, {
    displayName: 'Apple Mail',
    redirectUris: ['com.apple.Preferences://oauth-redirect'],
    pkce: 'optional-recorded-phone-client',
  })
  const types = {
    'config-v1.1.xml': 'text/xml; charset=utf-8',
    'user-agent-configuration.json': 'application/json',
    'oauth-protected-resource.json': 'application/json',
    'postern-thunderbird.xpi': 'application/x-xpinstall',
    'mail.mobileconfig': 'application/x-apple-aspen-config',
  }
  for (const [name, type] of Object.entries(types)) {
    const { status, headers } = await get(name)
    expect({ name, status, type: headers.get('content-type') }).toMatchObject({
      name,
      status: 200,
      type: expect.stringContaining(type),
    })
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${name}"`)
    expect(headers.get('cache-control')).toBe('public, max-age=300')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('set-cookie')).toBeNull()
  }
  expect((await get('config-v1.1.xml', { method: 'HEAD' })).status).toBe(200)
  expect((await get('config-v1.1.xml', { method: 'POST' })).status).toBe(405)
  for (const name of ['secrets.json', 'constructor', '..%2fportal']) expect((await get(name)).status, name).toBe(404)
  expect(await (await get('mail.mobileconfig')).text()).not.toContain('EmailAddress')
})

test('the sign-in that the extension describes brings Thunderbird a token that opens IMAP, and one that renews it', async () => {
  const { world } = gate
  const manifest = readManifest(Buffer.from(await (await get('postern-thunderbird.xpi')).arrayBuffer()))
  const { clientId, authorizationEndpoint, tokenEndpoint, redirectionEndpoint, scopes, usePKCE } = manifest.oauth_provider
  const [state, verifier] = [randomBytes(32).toString('base64url'), randomBytes(64).toString('base64url')]
  const person = await gate.person()
  const redirectUri = `${redirectionEndpoint}:49152/`
  const url = new URL(authorizationEndpoint)
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: clientId,
    scope: scopes,
    state,
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    login_hint: person.upn,
    redirect_uri: redirectUri,
  }))
    url.searchParams.append(name, value)
  expect(usePKCE).toBe(true)

  const browser = createBrowser()
  const { left } = await walk(world, browser, await browser.open(url.href), person)
  expect(left?.origin).toBe('http://localhost:49152')
  expect(left?.searchParams.get('state')).toBe(state)
  // Without issuerIdentifier Thunderbird holds the origin of `iss` against that of the endpoint.
  expect(new URL(left?.searchParams.get('iss') ?? '').origin).toBe(new URL(authorizationEndpoint).origin)

  const redeemed = await askToken(tokenEndpoint, {
    client_id: clientId,
    grant_type: 'authorization_code',
    code: left?.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
  })
  expect(redeemed.status, redeemed.text).toBe(200)
  const { access_token: token, refresh_token: refresh } = redeemed.body
  expect(claimsOf(token)).toMatchObject({ aud: world.sts.resource.audience, scope: 'IMAP.AccessAsUser.All SMTP.Send' })
  expect(await gate.ask({ name: person.upn, token, protocol: 'imap' })).toMatchObject({ decision: 'allow', reason: 'modern' })
  expect(await gate.ask({ name: person.upn, token, protocol: 'pop' })).toMatchObject({ decision: 'denied' })

  const renewed = await askToken(tokenEndpoint, {
    client_id: clientId,
    grant_type: 'refresh_token',
    refresh_token: String(refresh),
  })
  expect(renewed.status, renewed.text).toBe(200)
})

test('the sign-in of the profile, asked as an iPhone was recorded to ask, brings a token for ActiveSync', async () => {
  const { world } = gate
  const profile = await (await get('mail.mobileconfig')).text()
  const textAt = (key: string) => new RegExp(`<key>${key}</key><string>([^<]+)</string>`).exec(profile)?.[1] ?? ''
  const person = await gate.person()
  const [state, redirectUri] = ['F2E1', 'com.apple.Preferences://oauth-redirect']
  const url = new URL(textAt('OAuthSignInURL'))
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: APPLE,
    redirect_uri: redirectUri,
    resource: `https://${textAt('Host')}/`,
    display: 'ios',
    state,
    claims: '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
    login_hint: person.upn,
  }))
    url.searchParams.append(name, value)
  const browser = createBrowser()
  const { left } = await walk(world, browser, await browser.open(url.href), person)
  const redeemed = await askToken(textAt('OAuthTokenRequestURL'), {
    client_id: APPLE,
    grant_type: 'authorization_code',
    code: left?.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
  })
  expect(redeemed.status, redeemed.text).toBe(200)
  const answer = await gate.ask({ name: person.upn, token: redeemed.body.access_token, protocol: 'activesync' })
  expect(answer).toMatchObject({ decision: 'allow' })
})

test('the portal offers the files, and a profile with the address of whoever is signed in and of nobody else', async () => {
  const { world } = gate
  const person = await gate.person()
  const browser = await signedIn(world, person)
  const { html } = await browser.open(`${world.issuer}/portal/setup`)
  for (const address of ['client-pack/postern-thunderbird.xpi', 'client-pack/config-v1.1.xml', 'portal/setup/mail.mobileconfig'])
    expect(html).toContain(`/${address}"`)

  const own = await browser.open(`${world.issuer}/portal/setup/mail.mobileconfig`)
  expect(own.headers.get('content-type')).toContain('application/x-apple-aspen-config')
  expect(own.headers.get('cache-control')).toBe('no-store')
  expect(own.html).toContain(`<key>EmailAddress</key><string>${person.account.address}</string>`)
  expect((await browser.open(`${world.issuer}/portal/setup/config-v1.1.xml`)).status).toBe(404)

  const stranger = await createBrowser().open(`${world.issuer}/portal/setup/mail.mobileconfig`)
  expect(stranger.html).not.toContain('EmailAddress')
  expect(stranger.forms.length).toBeGreaterThan(0)
})

test('a program that an administrator has disabled is gone from the files at once', async () => {
  const { kept } = gate.world.sts
  const client = await kept.clients.find(THUNDERBIRD as ClientId) // a brand has no runtime part
  if (client === undefined) throw new TypeError('not registered')
  await kept.clients.replace({ ...client, status: 'disabled' })
  expect((await get('postern-thunderbird.xpi')).status).toBe(404)
  expect(await (await get('config-v1.1.xml')).text()).not.toContain('OAuth2')
})

interface Manifest {
  readonly oauth_provider: Readonly<{
    clientId: string
    authorizationEndpoint: string
    tokenEndpoint: string
    redirectionEndpoint: string
    scopes: string
    usePKCE: boolean
  }>
}

/** The first file of an archive (APPNOTE 4.3.7), which is the manifest. */
function readManifest(zip: Buffer): Manifest {
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28)
  const stored = zip.subarray(start, start + zip.readUInt32LE(18))
  const text = zip.readUInt16LE(8) === 8 ? inflateRawSync(stored) : stored
  return JSON.parse(text.toString('utf8')) as Manifest
}
