/**
 * A small complete OpenID issuer on loopback that does everything right, but for the faults that a test asks for.
 *
 * It owns the server, its metadata and its sessions; what each endpoint does stands in the files beside it. It is for the
 * kit's own tests: nothing is kept, nothing is guarded against guessing.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authorize, type Visit } from './authorize.ts'
import type { OpenIdFault } from './faults.ts'
import { giveTokens, tellUserinfo } from './give-tokens.ts'
import { json, page, type Reply, redirect, signInPage } from './pages.ts'
import { forget, register } from './register.ts'
import { beginSignOut, finishSignOut } from './sign-out.ts'
import { createWorld, issuerKeys, newId, OTHER_PERSON, PERSON, type World, type WorldOptions } from './world.ts'

export interface OpenIdIssuer extends AsyncDisposable {
  readonly issuer: string
}

function metadata(world: World): Record<string, unknown> {
  const { has, issuer, options } = world
  const all = {
    issuer: has('names-another-issuer-in-its-metadata') ? `${issuer}/other` : issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token${has('names-an-endpoint-with-a-fragment') ? '#there' : ''}`,
    userinfo_endpoint: has('hides-userinfo')
      ? undefined
      : has('names-an-endpoint-that-is-none')
        ? '/userinfo'
        : `${issuer}/userinfo`,
    jwks_uri: `${issuer}/keys`,
    end_session_endpoint: has('hides-where-sign-outs-begin') ? 'nowhere' : `${issuer}/logout`,
    ...(options.registers !== false && { registration_endpoint: `${issuer}/register` }),
    scopes_supported: has('lists-no-openid') ? ['email'] : ['openid', 'offline_access', ...scopesOf(options)],
    response_types_supported: has('lists-no-code') ? ['id_token'] : ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: has('lists-no-subject-type') ? [] : ['public', ...(has('refuses-every-sector') ? ['pairwise'] : [])],
    id_token_signing_alg_values_supported: has('lists-no-rs256') ? ['ES256'] : ['RS256', 'none'],
    userinfo_signing_alg_values_supported: ['RS256'],
    request_object_signing_alg_values_supported: ['none', 'RS256'],
    token_endpoint_auth_methods_supported: has('writes-a-list-as-text')
      ? 'client_secret_basic'
      : ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    acr_values_supported: ['loa1', 'loa2'],
    claims_supported: has('lists-no-claims') ? undefined : ['sub', 'iss', 'name', 'email'],
    claims_parameter_supported: true,
    code_challenge_methods_supported: has('offers-no-proof-keys') ? undefined : ['S256'],
    request_parameter_supported: options.followsRequestObjects !== false,
    request_uri_parameter_supported: options.followsRequestObjects !== false,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: !has('hides-back-channel-sign-out'),
    backchannel_logout_session_supported: has('promises-no-session-number') ? 'yes' : true,
  }
  return all
}

const scopesOf = (options: WorldOptions): string[] =>
  options.knowsScopes === false ? [] : ['profile', 'email', 'address', 'phone']

function publishedKeys(world: World): object[] {
  const { signing, curve } = issuerKeys()
  const first = world.has('shows-a-private-key') ? signing.privateKey : signing.publicKey
  return [
    { ...first.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' },
    { ...curve.publicKey.export({ format: 'jwk' }), kid: 'k2', alg: 'ES256', use: 'sig' },
  ]
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

const sessionOf = (world: World, request: IncomingMessage) =>
  world.sessions.get(/(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '')

/** The password was typed: a new session, or the old one as of now. */
async function signIn(world: World, form: URLSearchParams, request: IncomingMessage): Promise<Reply> {
  const pending = world.pending.get(form.get('pending') ?? '')
  if (pending === undefined) return page(400, 'Too late', '')
  const client = world.clients.get(pending.parameters.get('client_id') ?? '')
  if (form.get('do') !== 'signin') return redirect(`${world.issuer}/authorize?cancelled`)
  const person = [PERSON, OTHER_PERSON].find((one) => one.username === form.get('login') && one.password === form.get('secret'))
  if (person === undefined && client) return signInPage(form.get('pending') ?? '', client, '', 'Name or password is wrong.')
  const old = sessionOf(world, request)
  if (old && world.has('refuses-to-sign-in-again')) return page(500, 'Broken', '')
  const session = {
    sid: old?.sid ?? newId(),
    sub: person?.sub ?? '',
    authTime: world.has('keeps-the-old-auth-time') && old ? old.authTime : world.now(),
    clients: old?.clients ?? new Set<string>(),
  }
  world.sessions.set(session.sid, session)
  const reply = await authorize(world, pending.parameters, {
    session,
    isFresh: true,
    hasConsent: pending.hasConsent,
    isPost: false,
  })
  return { ...reply, headers: { ...reply.headers, 'set-cookie': `session=${session.sid}; Path=/; HttpOnly` } }
}

async function consent(world: World, form: URLSearchParams, request: IncomingMessage): Promise<Reply> {
  const pending = world.pending.get(form.get('pending') ?? '')
  if (pending === undefined) return page(400, 'Too late', '')
  if (form.get('decision') !== 'allow') return redirect(`${pending.parameters.get('redirect_uri')}?error=access_denied`)
  const { isFresh } = pending
  return authorize(world, pending.parameters, { session: sessionOf(world, request), isFresh, hasConsent: true, isPost: false })
}

async function answer(world: World, request: IncomingMessage): Promise<Reply> {
  const url = new URL(request.url ?? '/', world.issuer)
  const isPost = request.method === 'POST'
  const body = isPost ? await readBody(request) : ''
  const form = isPost ? new URLSearchParams(body) : url.searchParams
  const authorization = request.headers.authorization ?? ''
  const visit: Visit = { session: sessionOf(world, request), isFresh: false, hasConsent: false, isPost }
  const path = url.pathname.replace(/^\/op/, '')
  switch (path) {
    case '/.well-known/openid-configuration':
      return json(200, metadata(world), world.has('writes-its-metadata-as-text') ? { 'content-type': 'text/plain' } : {})
    case '/keys':
      return json(200, { keys: publishedKeys(world) })
    case '/authorize':
      return authorize(world, form, visit)
    case '/signin':
      return signIn(world, form, request)
    case '/consent':
      return consent(world, form, request)
    case '/token':
      return giveTokens(world, form, authorization)
    case '/userinfo':
      return tellUserinfo(world, request.method ?? '', authorization, isPost ? form : new URLSearchParams())
    case '/logout':
      return beginSignOut(world, form)
    case '/logout/confirm':
      return finishSignOut(world, visit.session, form)
    case '/register':
      return register(world, JSON.parse(body) as Record<string, unknown>)
    default:
      return path.startsWith('/register/') ? forget(world, path.slice(10), authorization) : json(404, {})
  }
}

/** Starts an issuer with `faults` on an ephemeral port of loopback. */
export async function startOpenIdIssuer(faults: readonly OpenIdFault[], options: WorldOptions): Promise<OpenIdIssuer> {
  let world: World | undefined
  const server = createServer((request, response) => {
    const reply = world === undefined ? Promise.reject(new TypeError('not ready')) : answer(world, request)
    reply.then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      () => response.writeHead(500, { 'content-type': 'text/plain' }).end('broken'),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/op` // a listening TCP server has an AddressInfo
  world = createWorld(issuer, faults, options)
  return {
    issuer,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
