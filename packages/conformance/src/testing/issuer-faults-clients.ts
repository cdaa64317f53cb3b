/** How the breakable issuer learns which client asks: secrets, assertions, and what it takes for them when it is broken. */
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { CLIENTS, type IssuerClient, keys, type Parts, type Reply, type Request, refuse } from './issuer-faults-parts.ts'

const find = (id: string | null | undefined): IssuerClient | undefined => CLIENTS.find((one) => one.id === id)
const FAILED = { 'www-authenticate': 'Basic realm="issuer"' }
const turnAway = (): Reply => refuse(401, 'invalid_client', FAILED)

function readBasic(header: string | undefined): { readonly id: string; readonly secret: string } | undefined {
  if (header === undefined || !/^Basic /i.test(header)) return undefined
  const [id = '', secret] = Buffer.from(header.slice(6), 'base64').toString().split(':').map(decodeURIComponent)
  return secret === undefined ? undefined : { id, secret }
}

async function judgeAssertion(parts: Parts, assertion: string): Promise<IssuerClient | Reply> {
  const { has, now, issuer, seen } = parts
  const { publicKey } = await keys.signer
  const claims = await jwtVerify(assertion, publicKey, {
    algorithms: ['ES256'],
    audience: issuer,
    requiredClaims: ['exp', 'jti', 'iss', 'sub'],
    currentDate: new Date(now() * 1000),
  }).then(
    ({ payload }) => payload,
    () => undefined,
  )
  if (claims === undefined || Array.isArray(claims.aud)) return turnAway()
  const type = decodeProtectedHeader(assertion).typ ?? 'JWT'
  if (!['JWT', 'client-authentication+jwt'].includes(type)) return turnAway()
  const client = find(claims.sub)
  if (client?.method !== 'private_key_jwt' || claims.iss !== client.id || Number(claims.exp) > now() + 600) return turnAway()
  if (seen.has(`assertion ${claims.jti}`) && !has('forgets-assertions'))
    return has('breaks-on-used-assertions') ? refuse(500, 'server_error') : turnAway()
  seen.add(`assertion ${claims.jti}`)
  return client
}

/** Whom an issuer that believes everybody takes a request to be from. */
function believeAnything(request: Request): IssuerClient {
  const assertion = request.form.get('client_assertion') ?? ''
  const named = request.form.get('client_id') ?? readBasic(request.headers.authorization)?.id
  const said = /^[^.]+\.[^.]+\./.test(assertion) && named === null ? decodeJwt(assertion).sub : undefined
  return find(named ?? said) ?? CLIENTS[1] ?? { id: 'web', method: 'none', redirectUri: '' }
}

/** The client, or what it is told. */
export async function authenticate(parts: Parts, request: Request): Promise<IssuerClient | Reply> {
  const { has } = parts
  const { form, headers } = request
  if (has('believes-every-client')) return believeAnything(request)
  if (has('believes-no-client')) return turnAway()
  const basic = readBasic(headers.authorization)
  const assertion = form.get('client_assertion')
  const ways = [headers.authorization, form.get('client_secret'), assertion].filter((one) => one !== undefined && one !== null)
  if (ways.length > 1) return refuse(400, 'invalid_request')
  if (assertion !== null) {
    if (has('takes-anything-for-anything')) return find('signer') ?? turnAway()
    const client = await judgeAssertion(parts, assertion)
    const named = form.get('client_id')
    return 'id' in client && named !== null && named !== client.id ? turnAway() : client
  }
  if (headers.authorization !== undefined) {
    const client = find(basic?.id)
    if (client === undefined && basic !== undefined && has('tells-unknown-clients-apart'))
      return { status: 404, headers: { 'content-type': 'application/problem+json' }, body: { error: 'unknown_client' } }
    if (basic === undefined || client === undefined) return turnAway()
    const fits = client.method === 'client_secret_basic' && (client.secret === basic.secret || has('takes-anything-for-anything'))
    return fits ? client : turnAway()
  }
  const client = find(form.get('client_id'))
  return client?.method === 'none' && !form.has('client_secret') ? client : turnAway()
}
