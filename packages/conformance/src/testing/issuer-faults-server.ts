/**
 * A whole issuer on loopback that does everything right, but for the faults that a test asks for: codes, refresh, PAR, DPoP,
 * devices, three ways for clients to prove themselves, revocation, introspection and one guarded resource.
 *
 * It keeps everything in memory, knows one person and five clients, and its clock is moved by whoever waits.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK } from 'jose'
import type { TargetOptions } from '../target.ts'
import type { IssuerFault } from './issuer-faults.ts'
import { authorize, pushRequest, signIn } from './issuer-faults-authorization.ts'
import { answerDevicePage, beginDevice } from './issuer-faults-devices.ts'
import { mayUse, NONCE } from './issuer-faults-dpop.ts'
import {
  CLIENTS,
  keys,
  OTHER_RESOURCE,
  type Parts,
  PERSON,
  page,
  RESOURCE,
  type Reply,
  type Request,
  SCOPE,
  signerPem,
} from './issuer-faults-parts.ts'
import { answerIntrospection, answerRevocation, answerToken } from './issuer-faults-tokens.ts'

async function readRequest(incoming: IncomingMessage, base: string): Promise<Request> {
  const body: Buffer[] = []
  for await (const part of incoming) body.push(part)
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, value?.toString()]))
  return {
    method: incoming.method ?? 'GET',
    url: new URL(incoming.url ?? '/', base),
    headers,
    form: new URLSearchParams(Buffer.concat(body).toString()),
  }
}

/** The address that a request claims to have come to: what an issuer must not ask. */
function readHost({ headers }: Request): string {
  const forwarded = /host=([^;]+)/.exec(headers.forwarded ?? '')?.[1]
  const host = headers['x-forwarded-host'] ?? headers['x-original-host'] ?? forwarded ?? headers.host ?? ''
  const port = headers['x-forwarded-port']
  const prefix = headers['x-forwarded-prefix'] ?? headers['x-original-url'] ?? ''
  return `${headers['x-forwarded-proto'] ?? 'http'}://${port === undefined ? host : `${host.split(':')[0]}:${port}`}${prefix}`
}

const WEAK = {
  id_token_signing_alg_values_supported: ['none'],
  userinfo_signing_alg_values_supported: ['none'],
  request_object_signing_alg_values_supported: ['none'],
  token_endpoint_auth_signing_alg_values_supported: ['none'],
  introspection_endpoint_auth_methods_supported: ['none'],
  dpop_signing_alg_values_supported: ['none'],
  id_token_encryption_alg_values_supported: ['RSA1_5'],
  grant_types_supported: ['implicit', 'password'],
  response_types_supported: ['token'],
  code_challenge_methods_supported: ['plain'],
}

function describe(parts: Parts, base: string): Readonly<Record<string, unknown>> {
  const { has } = parts
  const place = has('names-addresses-that-do-not-answer') ? `${base}/gone` : base
  return {
    issuer: `${base}/realm`,
    authorization_endpoint: `${place}/authorize`,
    token_endpoint: `${place}/token`,
    jwks_uri: `${place}/keys`,
    userinfo_endpoint: `${place}/userinfo`,
    introspection_endpoint: `${place}/introspect`,
    revocation_endpoint: `${place}/revoke`,
    pushed_authorization_request_endpoint: `${place}/par`,
    device_authorization_endpoint: `${place}/devicecode`,
    end_session_endpoint: `${place}/logout`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['ES256'],
    dpop_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
    ...(has('offers-everything-weak') && WEAK),
    ...(has('omits-iss-beside-errors') && { authorization_response_iss_parameter_supported: false }),
    ...(has('describes-itself-oddly') && ODD),
  }
}

async function publishKeys({ has }: Parts): Promise<object> {
  const { publicKey, privateKey } = await keys.own
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  if (has('publishes-no-keys')) return {}
  if (has('shows-its-private-key')) return { keys: [{ ...(await exportJWK(privateKey)), kid: 'k1' }, jwk] }
  if (has('publishes-a-short-key')) return { keys: [{ kty: 'RSA', kid: 'k1', e: 'AQAB', n: 'A'.repeat(80) }] }
  if (has('publishes-a-broken-key')) return { keys: [{ ...jwk, x: 'AAAA' }] }
  return { keys: [jwk] }
}

/** What a fault makes of a finished answer, by where it came from. */
function spoil({ has }: Parts, pathname: string, reply: Reply): Reply {
  if (pathname === '/realm/.well-known/openid-configuration' && has('describes-itself-oddly'))
    return { ...reply, headers: { 'content-type': 'text/plain' } }
  if (pathname !== '/token') return reply
  if (has('lets-tokens-be-cached')) return { ...reply, headers: { ...reply.headers, 'cache-control': 'public, max-age=60' } }
  if (has('writes-odd-errors')) return { status: 500, headers: { 'content-type': 'text/html' }, body: { error: 'a "bad" one' } }
  return { ...reply, headers: { 'cache-control': 'no-store', ...reply.headers } }
}

const ASKS_FOR_NONCE = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': NONCE }

/** Metadata in which everything that can be checked without asking is wrong. */
const ODD = {
  issuer: 'https://stranger.example/realm',
  authorization_endpoint: 'authorize',
  token_endpoint: 'https://stranger.example/token#x',
  jwks_uri: 'keys',
  response_types_supported: [],
}

async function answer(parts: Parts, request: Request): Promise<Reply> {
  const { has, base } = parts
  if (has('breaks-on-headers-about-its-host') && readHost(request) !== base) return { status: 500 }
  const host = has('believes-headers-about-its-host') ? readHost(request) : base
  const stranger = [...request.url.searchParams.values()].find((value) => value.includes('stranger.example'))
  if (stranger !== undefined && has('follows-parameters')) return { status: 302, headers: { location: stranger } }
  switch (request.url.pathname) {
    case '/realm/.well-known/openid-configuration':
      return { status: 200, body: describe(parts, host) }
    case '/.well-known/oauth-authorization-server/realm':
      if (has('writes-its-twin-in-html')) return page(parts, '<h1>Metadata</h1>')
      return {
        status: 200,
        body: has('contradicts-its-twin')
          ? { ...describe(parts, host), token_endpoint: `${base}/elsewhere` }
          : describe(parts, host),
      }
    case '/keys':
      return { status: 200, body: await publishKeys(parts) }
    case '/authorize':
      return authorize(parts, request, host === base ? '' : host)
    case '/signin':
      return signIn(parts, request)
    case '/par':
      return pushRequest(parts, request)
    case '/token':
      return answerToken(parts, request)
    case '/revoke':
      return answerRevocation(parts, request)
    case '/introspect':
      return answerIntrospection(parts, request)
    case '/devicecode':
      return beginDevice(parts, request)
    case '/device':
      return answerDevicePage(parts, request)
    case '/logout':
      return page(parts, '<h1>Signed out</h1>')
    case '/userinfo':
    case '/mail': {
      const cache = { 'cache-control': has('lets-tokens-be-cached') ? 'private' : 'no-store' }
      const token = await mayUse(parts, request, `${base}${request.url.pathname}`)
      return token === undefined
        ? { status: 401, headers: has('asks-for-nonces') ? ASKS_FOR_NONCE : { 'www-authenticate': 'Bearer' } }
        : { status: 200, headers: cache, body: { sub: 'mary' } }
    }
    default:
      return { status: 404, body: {} }
  }
}

/** Starts one with `faults`; what the kit is told of it comes back, closed by `await using`. */
export async function startIssuer(
  ...faults: readonly IssuerFault[]
): Promise<{ readonly options: TargetOptions } & AsyncDisposable> {
  const has = (fault: IssuerFault) => faults.includes(fault)
  const started = 1_800_000_000
  let seconds = started
  let parts: Parts | undefined
  const reply = (response: ServerResponse, { status, headers = {}, body = '' }: Reply) => {
    const open = has('opens-itself-to-scripts') ? { 'access-control-allow-origin': '*' } : {}
    const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' }
    response.writeHead(status, { ...type, ...open, ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = createServer((incoming, response) => {
    const run = async () => {
      if (parts === undefined) return response.destroy()
      const request = await readRequest(incoming, parts.base)
      return reply(response, spoil(parts, request.url.pathname, await answer(parts, request)))
    }
    run().catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a listening TCP server has an AddressInfo
  const issuer = `${base}/realm`
  const now = () => seconds
  parts = {
    has,
    issuer,
    base,
    now,
    codes: new Map(),
    access: new Map(),
    refresh: new Map(),
    pushed: new Map(),
    devices: new Map(),
    sessions: new Set(),
    seen: new Set(),
  }
  const privateKey = await signerPem()
  const known = (id: string) => {
    const client = CLIENTS.find((one) => one.id === id)
    if (client === undefined) throw new TypeError(`no client ${id}`)
    const { redirectUri, secret, method: authentication } = client
    return {
      clientId: id,
      redirectUri,
      authentication,
      scope: SCOPE,
      resource: RESOURCE,
      ...(secret !== undefined && { secret }),
      ...(authentication === 'private_key_jwt' && { privateKey }),
    }
  }
  const options: TargetOptions = {
    issuer,
    person: { ...PERSON },
    clients: {
      public: known('app'),
      confidential: known('web'),
      second: known('other'),
      keyed: known('signer'),
      device: known('tv'),
    },
    resource: { url: `${base}/mail`, audience: RESOURCE, scope: SCOPE, otherAudience: OTHER_RESOURCE },
    clock: () => new Date(seconds * 1000),
    wait: async (milliseconds) => {
      seconds += milliseconds / 1000
    },
  }
  return {
    options,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
