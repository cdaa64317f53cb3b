import * as client from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServiceUnderTest, startService } from './service-under-test.ts'

let service: ServiceUnderTest
let config: client.Configuration

beforeAll(async () => {
  service = await startService()
  const { mail } = service.sts.clients
  config = await client.discovery(new URL(service.sts.issuer), mail.clientId, undefined, client.None(), {
    execute: [client.allowInsecureRequests],
  })
})
afterAll(() => service.close())

test('openid-client signs Mary in with password and code, reads who she is, and refreshes', async () => {
  const { sts } = service
  const { redirectUri } = sts.clients.mail
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  const answer = await service.signIn(url, redirectUri)
  const tokens = await client.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  expect(claims?.sub).toBe(sts.mary.account.id)
  expect(tokens.refresh_token).toBeDefined()

  const who = await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '')
  expect(who).toMatchObject({ sub: sts.mary.account.id, email: 'mary@contoso.com' })

  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  expect(renewed.access_token).not.toBe(tokens.access_token)
  expect(renewed.refresh_token).not.toBe(tokens.refresh_token)

  await client.tokenRevocation(config, renewed.refresh_token ?? '')
  await expect(client.refreshTokenGrant(config, renewed.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
})

test('openid-client gets a token for a program by client credentials, and the service tells what it is', async () => {
  const { sts } = service
  const { server } = sts.clients
  const own = await client.discovery(
    new URL(sts.issuer),
    server.clientId,
    undefined,
    client.ClientSecretBasic(server.clientSecret),
    { execute: [client.allowInsecureRequests] },
  )
  const tokens = await client.clientCredentialsGrant(own, { resource: sts.resource.audience, scope: 'Mail.Read' })
  const told = await client.tokenIntrospection(own, tokens.access_token)
  expect(told).toMatchObject({ active: true, client_id: server.clientId, scope: 'Mail.Read' })
})

test('openid-client starts the device flow and is told to wait', async () => {
  const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid' })
  expect(begun.user_code.length).toBeGreaterThanOrEqual(8)
  expect(new URL(begun.verification_uri).origin).toBe(new URL(service.sts.baseUrl).origin)
  const poll = client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', {
    device_code: begun.device_code,
  })
  await expect(poll).rejects.toMatchObject({ error: 'authorization_pending' })
})

test('openid-client sends its request by PAR and signs in', async () => {
  const { redirectUri } = service.sts.clients.mail
  const verifier = client.randomPKCECodeVerifier()
  const url = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: redirectUri,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  expect(url.searchParams.get('request_uri')).toMatch(/^urn:/)
  const answer = await service.signIn(url, redirectUri)
  const tokens = await client.authorizationCodeGrant(config, answer, { pkceCodeVerifier: verifier, idTokenExpected: true })
  expect(tokens.claims()?.sub).toBe(service.sts.mary.account.id)
})
