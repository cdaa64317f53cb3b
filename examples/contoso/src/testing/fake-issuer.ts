/**
 * An issuer for the mail server's tests: real metadata, real keys, real signatures over HTTP; no sign-in and no pages.
 */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export type Listening = Readonly<{ url: string; server: Server; close: () => Promise<void> }>

export type FakeIssuer = Readonly<{
  issuer: string
  /** Signs claims over good defaults; `undefined` takes a claim away. */
  token: (claims?: Readonly<Record<string, unknown>>) => Promise<string>
  close: () => Promise<void>
}>

export const REALM = '3f0c1f5e-6a5e-4b3a-9a3e-0d6a51a7c0de'

/** Listens on a free loopback port. */
export async function listen(listener: RequestListener): Promise<Listening> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP listener has an address with a port
  return Object.freeze({
    url: `http://127.0.0.1:${port}`,
    server,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
}

export async function startFakeIssuer(audience: string): Promise<FakeIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' }
  const { url, close } = await listen((request, response) => {
    const documents: Readonly<Record<string, unknown>> = {
      [`/${REALM}/.well-known/openid-configuration`]: {
        issuer,
        jwks_uri: `${issuer}/keys`,
        authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
        token_endpoint: `${issuer}/oauth2/v2.0/token`,
      },
      [`/${REALM}/keys`]: { keys: [jwk] },
    }
    const document = documents[request.url ?? '']
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  const issuer = `${url}/${REALM}`
  const token = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const payload: JWTPayload = {
      iss: issuer,
      aud: audience,
      sub: 'a1b2c3',
      client_id: 'mail-client',
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + 600,
      scope: 'EAS.AccessAsUser.All EWS.AccessAsUser.All Mail.Read',
      upn: 'mary@contoso.com',
      amr: ['pwd', 'otp', 'mfa'],
      ...claims,
    }
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'key-1', typ: 'at+jwt' }).sign(privateKey)
  }
  return Object.freeze({ issuer, token, close })
}
