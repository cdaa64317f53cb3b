import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServiceUnderTest, startService } from './service-under-test.ts'

let service: ServiceUnderTest
let server: oauth.AuthorizationServer
const insecure = { [oauth.allowInsecureRequests]: true }

beforeAll(async () => {
  service = await startService()
  const issuer = new URL(service.sts.issuer)
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure }))
})
afterAll(() => service.close())

test('the RFC 8414 document at the base says the same as the discovery document', async () => {
  const issuer = new URL(service.sts.issuer)
  const other = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  )
  expect(other.token_endpoint).toBe(server.token_endpoint)
})

test('oauth4webapi signs Mary in for the mail server and finds the access token in order (RFC 9068)', async () => {
  const { sts } = service
  const client: oauth.Client = { client_id: sts.clients.mail.clientId }
  const { redirectUri } = sts.clients.mail
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(server.authorization_endpoint ?? '')
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: `openid offline_access ${sts.resource.audience}EAS.AccessAsUser.All`,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
  }).toString()
  const answer = oauth.validateAuthResponse(server, client, await service.signIn(url, redirectUri), state)
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    answer,
    redirectUri,
    verifier,
    insecure,
  )
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { requireIdToken: true })

  const request = new Request('https://mail.contoso.com/', { headers: { authorization: `Bearer ${tokens.access_token}` } })
  const claims = await oauth.validateJwtAccessToken(server, request, sts.resource.audience, insecure)
  expect(claims).toMatchObject({
    sub: sts.mary.account.id,
    client_id: client.client_id,
    scope: 'EAS.AccessAsUser.All',
    upn: 'mary@contoso.com',
    acr: 'urn:postern:acr:aal2',
    amr: ['pwd', 'otp', 'mfa'],
  })

  const renewed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token ?? '', insecure),
  )
  expect(renewed.access_token).not.toBe(tokens.access_token)
})

test('oauth4webapi authenticates with a signed assertion (private_key_jwt) and gets a token for a program', async () => {
  const { sts } = service
  const { keyed } = sts.clients
  const pem = (keyed.privateKey ?? '').replace(/-----[^-]+-----|\s/g, '')
  const key = await crypto.subtle.importKey(
    'pkcs8',
    Buffer.from(pem, 'base64'),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const client: oauth.Client = { client_id: keyed.clientId }
  const parameters = new URLSearchParams({ resource: sts.resource.audience, scope: 'Mail.Read' })
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.PrivateKeyJwt({ key, kid: 'test' }),
    parameters,
    insecure,
  )
  const tokens = await oauth.processClientCredentialsResponse(server, client, response)
  expect(tokens.token_type).toBe('bearer')
})
