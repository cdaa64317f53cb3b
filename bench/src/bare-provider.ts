/**
 * The peer: oidc-provider as it comes, in memory, with one confidential client that gets RS256-2048 access tokens for one
 * resource by client credentials. A process of its own; prints where its token endpoint is and ends with its parent.
 */
import process from 'node:process'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'

const AUDIENCE = 'https://mail.contoso.com/'

const { privateKey } = await generateKeyPair('RS256', { extractable: true })
const provider = new Provider('http://127.0.0.1', {
  jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256' }] },
  clients: [
    {
      client_id: 'bench',
      client_secret: 'bench-secret-of-no-value',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      getResourceServerInfo: () => ({
        scope: 'Mail.Read',
        audience: AUDIENCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
})
const server = provider.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has an address')
  process.send?.({
    url: `http://127.0.0.1:${address.port}/token`,
    form: { grant_type: 'client_credentials', scope: 'Mail.Read' },
    credentials: 'bench:bench-secret-of-no-value',
  })
})
process.on('disconnect', () => process.exit(0))
