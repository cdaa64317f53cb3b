import {
  CryptoProvider,
  type INetworkModule,
  type NetworkRequestOptions,
  type NetworkResponse,
  ProtocolMode,
  PublicClientApplication,
} from '@azure/msal-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServiceUnderTest, startService } from './service-under-test.ts'

const HOST = 'login.contoso.test'
let service: ServiceUnderTest
let app: PublicClientApplication
const asked: string[] = []

/** MSAL takes https authorities only; here the last yard to the service is loopback, as behind a proxy that ends TLS. */
function createNetwork(reach: typeof fetch): INetworkModule {
  const send = async <T>(method: string, url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> => {
    asked.push(`${method} ${new URL(url).host}`)
    const response = await reach(url, {
      method,
      ...(options?.headers === undefined ? {} : { headers: options.headers }),
      ...(options?.body === undefined ? {} : { body: options.body }),
    })
    return { headers: Object.fromEntries(response.headers), body: (await response.json()) as T, status: response.status }
  }
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  }
}

beforeAll(async () => {
  service = await startService({ baseUrl: `https://${HOST}` })
  app = new PublicClientApplication({
    auth: {
      clientId: service.sts.clients.mail.clientId,
      authority: service.sts.issuer,
      knownAuthorities: [HOST],
    },
    system: { protocolMode: ProtocolMode.OIDC, networkClient: createNetwork(service.fetch) },
  })
})
afterAll(() => service.close())

test('msal-node signs Mary in, finds her in its cache, and refreshes silently', async () => {
  const { sts } = service
  const { redirectUri } = sts.clients.mail
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
  const scopes = ['openid', 'profile', 'offline_access', `${sts.resource.audience}EAS.AccessAsUser.All`]
  const url = await app.getAuthCodeUrl({
    scopes,
    redirectUri,
    codeChallenge: challenge,
    codeChallengeMethod: 'S256',
    state: 'a-state',
  })
  const answer = await service.signIn(new URL(url), redirectUri)
  expect(answer.searchParams.get('state')).toBe('a-state')

  const result = await app.acquireTokenByCode({
    scopes,
    redirectUri,
    code: answer.searchParams.get('code') ?? '',
    codeVerifier: verifier,
  })
  expect(result.account?.username).toBe('mary@contoso.com')
  expect(result.idTokenClaims).toMatchObject({ sub: sts.mary.account.id })
  expect(result.accessToken.split('.')).toHaveLength(3)

  const [account] = await app.getTokenCache().getAllAccounts()
  if (account === undefined) throw new TypeError('no account in the cache')
  const renewed = await app.acquireTokenSilent({ account, scopes, forceRefresh: true })
  expect(renewed.fromCache).toBe(false)
  expect(renewed.accessToken).not.toBe(result.accessToken)
})

test('msal-node asked nobody but the issuer', () => {
  expect([...new Set(asked.map((line) => line.split(' ')[1]))]).toEqual([HOST])
})
