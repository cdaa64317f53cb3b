/**
 * The part of the breakable target that servers speak with: its documents, and actor tokens against assertions.
 *
 * It does everything right but for the faults that a test asks for. Acting for people is breakable-acting.ts.
 */
import { createHmac, createPublicKey, type KeyObject, randomUUID, verify, X509Certificate } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { readPart } from '../presented-token.ts'
import { makeSelfSigned, type SelfSigned } from '../server-to-server/self-signed.ts'
import { JWT_BEARER, LEGACY_GRANT, signCompact } from '../server-to-server/server-stage.ts'
import type { ServerFault } from './server-faults.ts'

export const REALM = '0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9'
const SERVICE = '00000001-0000-0000-c000-000000000000'
export const SERVER = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3'
const MAIL = '00000002-0000-0ff1-ce00-000000000000/mail.test'
export const ASKED_FOR = `${MAIL}@${REALM}`

export interface Reply {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Certificates {
  readonly service: SelfSigned
  readonly spare: SelfSigned
  readonly server: SelfSigned
}

let made: Promise<Certificates & { readonly ended: SelfSigned }> | undefined
/** Made once for all targets of a process: keys are slow to make. */
export function findCertificates(): Promise<Certificates & { readonly ended: SelfSigned }> {
  made ??= Promise.all([
    makeSelfSigned('service'),
    makeSelfSigned('spare'),
    makeSelfSigned('server'),
    makeSelfSigned('ended', '210101000000Z'),
  ]).then(([service, spare, server, ended]) => ({ service, spare, server, ended }))
  return made
}

export interface ServerSide {
  /** An answer to a GET, or undefined where there is nothing of this side. */
  document(path: string): Reply | undefined
  /** An answer to a request for an actor token. `text`: times as text. */
  giveActorToken(form: URLSearchParams, options: { readonly text: boolean }): Promise<Reply>
}

type Claims = Readonly<Record<string, unknown>>

export const asksForActorToken = (form: URLSearchParams): boolean =>
  [LEGACY_GRANT, JWT_BEARER].includes(form.get('grant_type') ?? '') && !form.has('requested_token_use')

export async function createServerSide(
  base: () => string,
  has: (fault: ServerFault) => boolean,
  clock: () => Date,
): Promise<ServerSide> {
  const certificates = await findCertificates()
  const { service, spare, server } = certificates
  const place = () => `${SERVICE}/${new URL(base()).host}`
  const audience = () => `${place()}@${REALM}`
  const used = new Set<string>()
  let given = 0

  const document = () => {
    const key = ({ der, x5t }: SelfSigned) => ({
      usage: 'signing',
      keyinfo: { x5t },
      keyvalue: { type: 'x509Certificate', value: der.toString('base64') },
    })
    const keys = [key(service), key(spare)]
    if (has('publishes-a-wrong-thumbprint')) keys[1] = { ...key(spare), keyinfo: { x5t: service.x5t.toLowerCase() } }
    if (has('publishes-a-key-twice')) keys.push(key(service))
    if (has('publishes-an-ended-certificate')) keys.push(key(certificates.ended))
    if (has('publishes-what-is-no-certificate')) keys.push(key({ ...spare, der: Buffer.from('none'), x5t: 'none' }))
    const issuance = { location: `${base()}/realm/tokens/OAuth/2`, protocol: 'OAuth2', usage: 'issuance' }
    const odd = { location: 'http://127.0.0.1:1/tokens?x#y', protocol: 'oauth2', usage: 'metadata' }
    const realm = has('names-a-realm-of-everybody') ? '*' : REALM
    return {
      realm,
      serviceName: SERVICE,
      issuer: has('names-a-realm-of-everybody') ? `${SERVICE}@elsewhere` : `${SERVICE}@${REALM}`,
      allowedAudiences: has('allows-no-audience') ? [] : [audience(), ...(has('allows-every-realm') ? [`${place()}@*`] : [])],
      keys: has('publishes-no-keys') ? [] : keys,
      endpoints: [
        issuance,
        ...(has('names-two-places') ? [{ ...issuance, location: `${base()}/other` }] : []),
        ...(has('names-a-place-oddly') ? [odd] : []),
      ],
    }
  }

  const federation = () => {
    const named = has('names-other-certificates-in-xml') ? [spare] : [service, spare]
    const keys = named.map(
      ({ der }) =>
        `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${der.toString('base64')}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`,
    )
    const strange = has('describes-somebody-else-in-xml')
    const root = strange ? 'EntitiesDescriptor' : 'EntityDescriptor'
    const type = strange ? 'ApplicationServiceType' : 'SecurityTokenServiceType'
    const entity = strange ? 'https://nobody.invalid/' : `${base()}/realm`
    const role = `<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:${type}">${keys.join('')}${has('breaks-its-xml') ? '<br>' : ''}</RoleDescriptor>`
    return `<?xml version="1.0"?><!-- & --><${root} xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entity}">${role}</${root}>`
  }

  /** The key that the header means, in the target's mistaken view where it has one. */
  const findKey = (header: Claims): KeyObject | undefined => {
    const [own] = Array.isArray(header.x5c) ? header.x5c : []
    if (has('trusts-certificates-in-tokens') && own !== undefined)
      return new X509Certificate(Buffer.from(String(own), 'base64')).publicKey
    if (has('trusts-keys-in-tokens') && header.jwk !== undefined)
      return createPublicKey({ key: header.jwk as { kty: string }, format: 'jwk' }) // node:crypto checks the members itself
    const x5t = String(header.x5t)
    const known = has('wants-modern-assertions') ? x5t : x5t.replace(/=+$/, '')
    return known === server.x5t ? createPublicKey(server.key) : undefined
  }

  const isSigned = (assertion: string, header: Claims): boolean => {
    const [head, body, signature = ''] = assertion.split('.')
    const input = Buffer.from(`${head}.${body}`)
    const bytes = Buffer.from(signature, 'base64url')
    if (has('ignores-signatures-of-servers')) return true
    if (has('believes-unsigned-assertions') && /^(none)?\s*$/i.test(String(header.alg ?? ''))) return true
    if (has('fetches-keys-that-tokens-name') && (header.jku !== undefined || header.x5u !== undefined)) return true
    if (has('believes-secrets-from-certificates') && header.alg === 'HS256') {
      const read = new X509Certificate(server.der)
      const secrets = [read.toString(), server.der, createPublicKey(server.key).export({ type: 'spki', format: 'pem' })]
      return secrets.some((secret) => createHmac('sha256', secret).update(input).digest().equals(bytes))
    }
    const key = findKey(header)
    if (key === undefined) return false
    if (has('takes-every-rsa-algorithm') && header.alg === 'RS512') return verify('sha512', input, key, bytes)
    return header.alg === 'RS256' && verify('sha256', input, key, bytes)
  }

  const readTime = (value: unknown): number | undefined => {
    if (has('believes-every-time')) return Number.isFinite(Number(value)) ? Number(value) : Math.floor(clock().getTime() / 1000)
    if (typeof value === 'string') return !has('wants-modern-assertions') && /^\d{1,12}$/.test(value) ? Number(value) : undefined
    return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined
  }

  const areTimesRight = ({ nbf, exp }: Claims): boolean => {
    const [from, until] = [readTime(nbf), readTime(exp)]
    if (has('believes-every-time')) return true
    if (from === undefined || until === undefined) return false
    const now = clock().getTime() / 1000
    const longest = has('wants-modern-assertions') ? 599 : 600
    return until > from && until - from <= longest && from <= now + 30 && until > now - 30
  }

  const isForThisService = ({ aud }: Claims): boolean => {
    if (has('takes-every-audience')) return true
    const one: unknown = has('takes-lists-of-audiences') && Array.isArray(aud) ? aud[0] : aud
    return one === audience()
  }

  const isFromServer = ({ iss, nameid, jti }: Claims): boolean => {
    if (has('wants-modern-assertions') && (nameid === undefined || jti === undefined)) return false
    if (has('takes-every-name')) return String(iss ?? `x@${REALM}`).endsWith(`@${REALM}`)
    const named = nameid === undefined || nameid === iss
    return named && (has('takes-every-realm') ? String(iss).startsWith(`${SERVER}@`) : iss === `${SERVER}@${REALM}`)
  }

  const isHeaderRight = (header: Claims): boolean =>
    [
      'ignores-what-else-is-in-the-header',
      'trusts-certificates-in-tokens',
      'trusts-keys-in-tokens',
      'fetches-keys-that-tokens-name',
    ].some(
      (fault) => has(fault as ServerFault), // one of the four in front of it
    ) || Object.keys(header).every((name) => ['alg', 'typ', 'x5t', 'kid'].includes(name))

  /** The claims of an assertion that is accepted. */
  const readAssertion = (assertion: string): Claims | undefined => {
    const [head = '', body = '', ...rest] = assertion.split('.')
    if (rest.length !== 1) return undefined
    const [header, claims] = [readPart(head), readPart(body)]
    if (has('believes-strangers')) return claims
    const right =
      isHeaderRight(header) &&
      isSigned(assertion, header) &&
      isFromServer(claims) &&
      isForThisService(claims) &&
      areTimesRight(claims) &&
      (has('takes-actor-tokens-in-assertions') || claims.actortoken === undefined)
    return right ? claims : undefined
  }

  const isFirstUse = async (jti: unknown): Promise<boolean> => {
    if (typeof jti !== 'string' || has('forgets-numbers')) return true
    if (used.has(jti)) return false
    // As long as a busy database takes: time for the others to come in between.
    if (has('notes-numbers-late')) await setTimeout(25)
    used.add(jti)
    return true
  }

  const findAudience = (resource: string): string | undefined => {
    if (has('gives-tokens-for-anything')) return resource
    if (resource === audience()) return resource
    const [client = '', rest = ''] = resource.split('/')
    const spelled = has('wants-modern-assertions') ? resource : `${client}/${rest.toLowerCase()}`
    return spelled === ASKED_FOR && resource.split('/').length === 2 ? ASKED_FOR : undefined
  }

  const makeActorToken = (aud: string, at: number, life: number): string => {
    if (has('gives-no-jwt')) return randomUUID()
    const iss = `${SERVICE}@${REALM}`
    const signer = has('signs-with-another-key') ? spare : service
    const header = has('writes-another-header')
      ? { typ: 'at+jwt', alg: 'PS256', x5t: signer.x5t, jku: 'x' }
      : { typ: 'JWT', alg: 'RS256', kid: signer.x5t, x5t: signer.x5t }
    const claims = { aud, iss, nameid: `${SERVER}@${REALM}`, nbf: at, exp: at + life, identityprovider: iss, jti: randomUUID() }
    const other = {
      aud: [aud],
      iss: base(),
      nameid: SERVER,
      nbf: String(at - 600),
      exp: String(at + 600),
      identityprovider: '',
      trustedfordelegation: true,
    }
    return signCompact(header, has('writes-other-claims') ? other : { ...claims, trustedfordelegation: 'true' }, signer.key)
  }

  const refuse = (error: string, description = 'no'): Reply => {
    const named = has('names-errors-freely') ? 'access_denied' : error
    const body = has('writes-the-error-last')
      ? { error_description: description, error: named }
      : { error: named, error_description: description }
    const text = has('writes-errors-as-text')
    return {
      status: error === 'invalid_client' ? 401 : 400,
      body: text ? ` ${JSON.stringify(body)}` : JSON.stringify(body),
      headers: { 'content-type': text ? 'text/plain' : 'application/json' },
    }
  }
  const broken: Reply = { status: 500, body: 'broken', headers: {} }

  const describeStranger = (assertion: string): string => {
    if (!has('tells-known-servers-apart')) return 'no'
    const [head = '', body = ''] = assertion.split('.')
    const known = readPart(head).x5t === server.x5t || readPart(body).iss === `${SERVER}@${REALM}`
    return known ? 'wrong key' : 'unknown'
  }

  return {
    document(path) {
      const json = { 'content-type': 'application/json' }
      if (path === '/realm/metadata/json/1')
        return has('hides-its-document') ? undefined : { status: 200, body: JSON.stringify(document()), headers: json }
      if (path !== '/realm/FederationMetadata/2007-06/FederationMetadata.xml' || has('hides-its-federation-metadata'))
        return undefined
      return { status: 200, body: federation(), headers: { 'content-type': 'application/samlmetadata+xml' } }
    },
    async giveActorToken(form, { text }) {
      const [assertion, resource] = [form.get('assertion') ?? '', form.get('resource') ?? '']
      const grant = form.get('grant_type') ?? ''
      const one = has('knows-one-name-of-the-grant-at-each-place') ? (text ? LEGACY_GRANT : JWT_BEARER) : grant
      const nothing = has('gives-no-actor-tokens') || (has('gives-servers-nothing-at-the-token-endpoint') && !text)
      if (has('breaks-on-rubbish') && grant.startsWith('urn:of:')) return broken
      if (nothing || grant !== one || ![LEGACY_GRANT, JWT_BEARER].includes(grant)) return refuse('unsupported_grant_type')
      given += 1
      if (has('tires-after-one-token') && given > 1) return refuse('temporarily_unavailable')
      if (assertion === '' || resource === '') return has('breaks-on-rubbish') ? broken : refuse('invalid_request')
      const claims = await Promise.resolve()
        .then(() => readAssertion(assertion))
        .catch(() => undefined)
      if (claims === undefined) {
        if (has('breaks-on-rubbish')) return broken
        return refuse('invalid_client', describeStranger(assertion))
      }
      const further = [
        ['realm', REALM],
        ['client_id', SERVER],
      ].every(([name = '', right]) => !form.has(name) || form.get(name) === right)
      if (!further && !has('ignores-further-parameters')) return refuse('invalid_request')
      if (!(await isFirstUse(claims.jti))) return has('breaks-on-second-use') ? broken : refuse('invalid_client')
      const aud = findAudience(resource)
      if (aud === undefined) return refuse('invalid_resource')
      const at = Math.floor(clock().getTime() / 1000)
      const life = has('lives-a-day') ? 86_400 : 3600
      const times = { expires_in: life, expires_on: at + (has('contradicts-its-times') ? 1 : life), not_before: at }
      const asText = (text && !has('writes-numbers-to-servers')) || has('writes-text-to-everybody')
      const body = {
        token_type: has('omits-what-it-is-for') ? 'actor' : 'Bearer',
        access_token: makeActorToken(aud, at, life),
        ...(asText ? Object.fromEntries(Object.entries(times).map(([name, value]) => [name, String(value)])) : times),
        ...(has('omits-what-it-is-for') ? {} : { resource: aud }),
      }
      const cache = has('invites-caches-of-servers') ? 'max-age=60' : 'no-store'
      return { status: 200, body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'cache-control': cache } }
    },
  }
}
