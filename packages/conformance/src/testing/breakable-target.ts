/**
 * An issuer and a resource server on loopback that do everything right, but for the faults that a test asks for.
 *
 * It owns just enough behaviour to tell a good target from a broken one. It signs in nobody and issues one token.
 */
import { createHash, createHmac, X509Certificate } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { compactVerify, decodeProtectedHeader, exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import type { KnownServer } from '../server-to-server/identity.ts'
import { ACT_SCOPE, actingGrants, createActingSide, ELSEWHERE, OWN } from './breakable-acting.ts'
import { ASKED_FOR, asksForActorToken, createServerSide, findCertificates, type Reply, SERVER } from './breakable-servers.ts'
import type { ServerFault } from './server-faults.ts'

/** What can be wrong, one word for each way of being wrong. */
export type Fault =
  | 'names-another-issuer'
  | 'offers-plain-pkce'
  | 'shows-a-private-key'
  | 'has-a-weak-key'
  | 'redirects-strangers'
  | 'redirects-anywhere'
  | 'offers-implicit'
  | 'grants-implicit'
  | 'accepts-plain-pkce'
  | 'judges-passwords'
  | 'takes-the-first-duplicate'
  | 'omits-iss'
  | 'answers-errors-in-html'
  | 'invites-caches'
  | 'forgets-no-store'
  | 'introspects-for-all'
  | 'calls-an-empty-bearer-an-error'
  | 'ignores-signatures'
  | 'believes-alg-none'
  | 'believes-keys-in-tokens'
  | 'confuses-keys'
  | 'takes-tokens-from-the-address'
  | 'describes-another-resource'
  | 'says-nothing'

export const CLIENT = { clientId: 'known-client', redirectUri: 'http://127.0.0.1:5555/landing' }

export interface BreakableTarget extends AsyncDisposable {
  readonly issuer: string
  readonly resource: string
  readonly token: string
  /** What the kit is given of a server that it knows. */
  readonly server: KnownServer
}

const keys = generateKeyPair('RS256', { extractable: true })
const weak = generateKeyPair('ES256', { extractable: true })

const readForm = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'))
}

const repeats = (form: URLSearchParams): boolean => new Set(form.keys()).size !== [...form.keys()].length

/** Starts a target with `faults` on an ephemeral port of loopback. */
export async function startTarget(...faults: readonly (Fault | ServerFault)[]): Promise<BreakableTarget> {
  const has = (fault: Fault | ServerFault) => faults.includes(fault)
  const clock = () => new Date()
  const { publicKey, privateKey } = await keys
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
  const spki = await exportSPKI(publicKey)
  let base = ''
  let token = ''
  const issuer = () => `${base}/realm`
  const resource = () => `${base}/mail/inbox`
  const certificates = await findCertificates()
  const servers = await createServerSide(() => base, has, clock)
  const acting = createActingSide(issuer, has, { server: certificates.server, publicKey, privateKey })

  const send = (response: ServerResponse, status: number, value: object, headers: Record<string, string> = {}) => {
    const type = has('answers-errors-in-html') && status >= 400 ? 'text/html' : 'application/json'
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers }).end(JSON.stringify(value))
  }

  const metadata = () => ({
    issuer: has('names-another-issuer') ? `${base}/other` : issuer(),
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    introspection_endpoint: `${base}/introspect`,
    response_types_supported: has('offers-implicit') ? ['code', 'token'] : ['code'],
    grant_types_supported: ['authorization_code', ...actingGrants, ...(has('judges-passwords') ? ['password'] : [])],
    code_challenge_methods_supported: has('offers-plain-pkce') ? ['S256', 'plain'] : ['S256'],
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_response_iss_parameter_supported: !has('omits-iss'),
  })

  const publishedKeys = async () => {
    if (has('shows-a-private-key')) return [{ ...(await exportJWK((await weak).privateKey)), kid: 'k2' }, jwk]
    if (has('has-a-weak-key'))
      return [jwk, { kty: 'RSA', kid: 'k3', e: 'AQAB', n: createHash('sha512').update('short').digest('base64url') }]
    return [jwk]
  }

  const authorize = (response: ServerResponse, form: URLSearchParams) => {
    const redirectUri = form.get('redirect_uri') ?? ''
    const known = form.get('client_id') === CLIENT.clientId || has('redirects-strangers')
    const registered = redirectUri === CLIENT.redirectUri || has('redirects-anywhere') || has('redirects-strangers')
    if (!known || !registered) return send(response, 400, { error: 'invalid_request' })
    const back = (parameters: Record<string, string>) => {
      const url = new URL(redirectUri)
      const all = { state: form.get('state') ?? '', ...(has('omits-iss') ? {} : { iss: issuer() }), ...parameters }
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
      response.writeHead(303, { location: url.href }).end()
    }
    if (repeats(form) && !has('takes-the-first-duplicate')) return back({ error: 'invalid_request' })
    if (form.get('response_type') !== 'code')
      return back(has('grants-implicit') ? { access_token: 'x' } : { error: 'unsupported_response_type' })
    if (form.get('code_challenge_method') !== 'S256' && !has('accepts-plain-pkce')) return back({ error: 'invalid_request' })
    if (form.get('prompt') === 'none') return back({ error: 'login_required' })
    response.writeHead(303, { location: '/signin' }).end()
  }

  const answerToken = (request: IncomingMessage, response: ServerResponse, form: URLSearchParams) => {
    const cache = {
      ...(has('invites-caches') && { 'cache-control': 'public, max-age=60' }),
      ...(has('forgets-no-store') && { 'cache-control': 'private' }),
    }
    const refuse = (status: number, error: string, headers: Record<string, string> = {}) =>
      send(response, status, { error }, { ...cache, ...headers })
    if (repeats(form) && !has('takes-the-first-duplicate')) return refuse(400, 'invalid_request')
    if (request.headers.authorization) return refuse(401, 'invalid_client', { 'www-authenticate': 'Basic realm="issuer"' })
    if (form.get('grant_type') === 'password')
      return refuse(400, has('judges-passwords') ? 'invalid_grant' : 'unsupported_grant_type')
    if (!form.has('client_id')) return refuse(400, 'invalid_request')
    return form.get('client_id') === CLIENT.clientId ? refuse(400, 'invalid_grant') : refuse(401, 'invalid_client')
  }

  const isAccepted = async (presented: string): Promise<boolean> => {
    const header = (() => {
      try {
        return decodeProtectedHeader(presented)
      } catch {
        return undefined
      }
    })()
    if (header === undefined) return false
    if (has('ignores-signatures')) return true
    if (has('believes-alg-none') && String(header.alg).toLowerCase() === 'none') return true
    if (has('confuses-keys') && header.alg === 'HS256') {
      const [head, payload, signature] = presented.split('.')
      return createHmac('sha256', spki).update(`${head}.${payload}`).digest('base64url') === signature
    }
    const key = has('believes-keys-in-tokens') && header.jwk ? await importJWK(header.jwk, 'RS256') : publicKey
    return compactVerify(presented, key, { algorithms: ['RS256'] }).then(
      () => true,
      () => false,
    )
  }

  const answerResource = async (request: IncomingMessage, response: ServerResponse, url: URL) => {
    const inAddress = has('takes-tokens-from-the-address') ? url.searchParams.get('access_token') : null
    const presented = inAddress ?? request.headers.authorization?.replace(/^Bearer ?/, '') ?? ''
    const challenge = `Bearer client_id="mail", resource_metadata="${base}/.well-known/oauth-protected-resource/mail"`
    const error = presented !== '' || has('calls-an-empty-bearer-an-error') ? ', error="invalid_token"' : ''
    if (presented !== '' && (await isAccepted(presented))) return send(response, 200, { messages: [] })
    send(response, 401, {}, { 'www-authenticate': `Negotiate, ${challenge}${error}` })
  }

  const reply = (response: ServerResponse, { status, headers, body }: Reply): void => {
    response.writeHead(status, headers).end(body)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', base)
    const form = request.method === 'POST' ? await readForm(request) : url.searchParams
    if (has('says-nothing')) return void response.destroy()
    const document = servers.document(url.pathname)
    if (document !== undefined) return reply(response, document)
    if (url.pathname === '/realm/tokens/OAuth/2') return reply(response, await servers.giveActorToken(form, { text: true }))
    if (url.pathname === '/token' && asksForActorToken(form))
      return reply(response, await servers.giveActorToken(form, { text: false }))
    if (url.pathname === '/token' && actingGrants.includes(form.get('grant_type') ?? ''))
      return reply(response, await acting.answer(form))
    switch (url.pathname) {
      case '/realm/.well-known/openid-configuration':
      case '/.well-known/oauth-authorization-server/realm':
        return send(response, 200, metadata())
      case '/keys':
        return send(response, 200, { keys: await publishedKeys() })
      case '/authorize':
        return authorize(response, form)
      case '/token':
        return answerToken(request, response, form)
      case '/introspect':
        return has('introspects-for-all')
          ? send(response, 200, { active: false })
          : send(response, 401, { error: 'invalid_client' })
      case '/mail/inbox':
        return answerResource(request, response, url)
      case '/.well-known/oauth-protected-resource/mail': {
        const about = has('describes-another-resource') ? 'https://mail.stranger.example/' : `${base}/mail`
        return send(response, 200, { resource: about, authorization_servers: [issuer()] })
      }
      default:
        return send(response, 404, {})
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a listening TCP server has an AddressInfo
  token = await new SignJWT({ scope: 'Mail.Read' })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'at+jwt' })
    .setIssuer(issuer())
    .setAudience(`${base}/mail`)
    .setSubject('mary')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey)
  return {
    issuer: issuer(),
    resource: resource(),
    token,
    server: {
      clientId: SERVER,
      certificate: new X509Certificate(certificates.server.der).toString(),
      privateKey: certificates.server.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      resource: ASKED_FOR,
      clock,
      person: {
        token: await acting.makeToken({ sub: 'mary', aud: OWN, scopes: ['EAS.AccessAsUser.All', 'Mail.Read'] }),
        resource: ELSEWHERE,
        scope: ACT_SCOPE,
      },
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
