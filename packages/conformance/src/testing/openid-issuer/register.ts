/** Dynamic registration at the breakable issuer (RFC 7591, OpenID Connect Dynamic Client Registration 1.0). */
import { json, type Reply } from './pages.ts'
import { type IssuerClient, newId, newSecret, type World } from './world.ts'

type Wish = Readonly<Record<string, unknown>>

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
const refuse = (error: string): Reply => json(400, { error })

/** OpenID Connect Registration section 5: the document lists every redirect address. */
async function isInSector(wish: Wish): Promise<boolean> {
  if (typeof wish.sector_identifier_uri !== 'string') return true
  const listed = texts(await (await fetch(wish.sector_identifier_uri)).json())
  return texts(wish.redirect_uris).every((uri) => listed.includes(uri))
}

/** RFC 7591 section 2: what the issuer does not offer is refused, what it does not keep is left out. */
export async function register(world: World, wish: Wish): Promise<Reply> {
  if (world.options.looksClientsUp === false) {
    if (wish.jwks_uri !== undefined || wish.sector_identifier_uri !== undefined) return refuse('invalid_client_metadata')
    const { logo_uri: _, policy_uri: __, tos_uri: ___, ...rest } = wish
    return registerAs(world, rest)
  }
  return registerAs(world, wish)
}

async function registerAs(world: World, wish: Wish): Promise<Reply> {
  const { has } = world
  if (has('refuses-to-register')) return refuse('invalid_client_metadata')
  const redirectUris = texts(wish.redirect_uris)
  if (redirectUris.length === 0) return refuse('invalid_redirect_uri')
  if (redirectUris.some((uri) => uri.includes('#')) && !has('registers-fragments')) return refuse('invalid_redirect_uri')
  if (has('refuses-every-sector') && wish.sector_identifier_uri !== undefined) return refuse('invalid_client_metadata')
  if (!(await isInSector(wish)) && !has('believes-every-sector')) return refuse('invalid_client_metadata')
  const method = (wish.token_endpoint_auth_method ?? 'client_secret_basic') as IssuerClient['method']
  const secret = method.startsWith('client_secret') ? newSecret() : undefined
  const client: IssuerClient = {
    id: newId(),
    method,
    redirectUris,
    postLogoutRedirectUris: texts(wish.post_logout_redirect_uris),
    idTokenAlgorithm: String(wish.id_token_signed_response_alg ?? 'RS256'),
    name: String(wish.client_name ?? 'Somebody'),
    about: has('hides-what-clients-say') ? {} : aboutOf(wish),
    ...(secret !== undefined && { secret }),
    ...(wish.jwks !== undefined && { keys: wish.jwks }),
    ...(typeof wish.jwks_uri === 'string' && { keysUri: wish.jwks_uri }),
    ...(wish.userinfo_signed_response_alg !== undefined && { userinfoAlgorithm: String(wish.userinfo_signed_response_alg) }),
    ...(wish.request_object_signing_alg !== undefined && { requestObjectAlgorithm: String(wish.request_object_signing_alg) }),
    ...(wish.request_uris !== undefined && { requestUris: texts(wish.request_uris) }),
  }
  world.clients.set(client.id, client)
  const token = newSecret()
  world.registrations.set(token, client.id)
  return json(has('registers-with-200') ? 200 : 201, {
    ...wish,
    ...(!has('registers-without-an-id') && { client_id: client.id }),
    ...(secret !== undefined && {
      client_secret: secret,
      ...(!has('forgets-when-secrets-end') && { client_secret_expires_at: 0 }),
    }),
    token_endpoint_auth_method: method,
    registration_access_token: token,
    registration_client_uri: `${world.issuer}/register/${client.id}`,
  })
}

/** RFC 7592 section 2.3. */
export function forget(world: World, id: string, authorization: string): Reply {
  const token = authorization.replace(/^Bearer /, '')
  if (world.registrations.get(token) !== id) return json(401, { error: 'invalid_token' })
  world.clients.delete(id)
  return { status: 204, headers: {}, body: '' }
}

const aboutOf = (wish: Wish): Record<string, string> =>
  Object.fromEntries(
    ['logo_uri', 'policy_uri', 'tos_uri'].flatMap((name) => (typeof wish[name] === 'string' ? [[name, wish[name]]] : [])),
  )
