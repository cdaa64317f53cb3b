/** The part of the breakable target that lets a server act for people: on-behalf-of, token exchange, and their refresh. */

import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { type CryptoKey, compactVerify, SignJWT } from 'jose'
import { readPart } from '../presented-token.ts'
import { shortNames } from '../server-to-server/acting-stage.ts'
import { type Certificates, type Reply, SERVER } from './breakable-servers.ts'
import type { ServerFault } from './server-faults.ts'

export const OWN = 'https://cloud.test/'
export const ELSEWHERE = 'https://onprem.test/'
const GRANTED = ['EAS.AccessAsUser.All']
/** What the server may have there without acting for anybody. */
const WIDER = ['EAS.AccessAsUser.All', 'Mail.Read']
export const ACT_SCOPE = GRANTED.map((one) => `${ELSEWHERE}${one}`).join(' ')
export const actingGrants = Object.freeze([
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'refresh_token',
])

type Claims = Readonly<Record<string, unknown>>
type Family = Readonly<{ sub: string; aud: string; scopes: readonly string[] }>

export interface ActingSide {
  /** An answer of the token endpoint to one of {@link actingGrants}. */
  answer(form: URLSearchParams): Promise<Reply>
  /** A person's token for `aud`. */
  makeToken(claims: {
    readonly sub: string
    readonly aud: string
    readonly scopes: readonly string[]
    readonly act?: object
  }): Promise<string>
}

export function createActingSide(
  issuer: () => string,
  has: (fault: ServerFault) => boolean,
  keys: Pick<Certificates, 'server'> & { readonly publicKey: CryptoKey | KeyObject; readonly privateKey: CryptoKey | KeyObject },
): ActingSide {
  const families = new Map<string, Family>()
  const refuse = (error: string): Reply => ({
    status: error === 'invalid_client' ? 401 : 400,
    body: JSON.stringify({ error }),
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })

  const verifies = (token: string, key: CryptoKey | KeyObject): Promise<boolean> =>
    compactVerify(token, key, { algorithms: ['RS256'] }).then(
      () => true,
      () => false,
    )
  const claimsIn = (token: string): Claims => {
    try {
      return readPart(token.split('.')[1] ?? '')
    } catch {
      return {}
    }
  }

  const isServer = async (form: URLSearchParams): Promise<boolean> => {
    if (has('asks-nobody-for-proof')) return true
    const proof = form.get('client_assertion') ?? ''
    const { iss, sub, aud } = claimsIn(proof)
    return iss === SERVER && sub === SERVER && aud === issuer() && (await verifies(proof, createPublicKey(keys.server.key)))
  }

  /** Whose token it is, where the target takes it. */
  const findPerson = async (token: string): Promise<string | undefined> => {
    const claims = claimsIn(token)
    if (has('acts-without-a-token') && claims.sub === undefined) return 'mary'
    const sub = String(claims.sub)
    if (claims.actortoken !== undefined) return has('believes-user-tokens') ? 'mary' : undefined
    if (claims.nameid !== undefined) return has('takes-actor-tokens-for-people') ? 'mary' : undefined
    if (has('believes-unsigned-people') && token.endsWith('.')) return sub
    if (!has('ignores-signatures-of-people') && !(await verifies(token, keys.publicKey))) return undefined
    if (claims.sub === undefined || token.endsWith('.')) return undefined
    if (claims.act !== undefined && !has('takes-its-own-tokens-again')) return undefined
    return claims.aud === OWN || has('takes-tokens-for-others') || (claims.act !== undefined && claims.aud === ELSEWHERE)
      ? sub
      : undefined
  }

  const findTarget = (form: URLSearchParams): string | undefined => {
    const named = form.get('resource') ?? (form.get('scope') ?? '').split(' ').find((one) => one.startsWith('https://'))
    if (named === undefined || has('acts-everywhere')) return ELSEWHERE
    return [OWN, ELSEWHERE].find((one) => named.startsWith(one))
  }

  const decideScopes = (scope: string | null): readonly string[] => {
    if (has('adds-scopes')) return WIDER
    const everything = scope === null || scope.endsWith('/.default')
    if (everything) return has('widens-by-default') ? WIDER : GRANTED
    const asked = [...shortNames(scope)]
    return has('gives-what-is-asked') ? asked : GRANTED.filter((one) => asked.includes(one))
  }

  const makeToken: ActingSide['makeToken'] = ({ sub, aud, scopes, act }) =>
    new SignJWT({ scp: scopes.join(' '), ...(act === undefined ? {} : { act }) })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'at+jwt' })
      .setIssuer(has('changes-the-person') && act !== undefined ? 'https://nobody.invalid' : issuer())
      .setSubject(sub)
      .setAudience(aud)
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(keys.privateKey)

  const give = async (
    family: Family,
    more: object,
    options: { readonly refreshable: boolean; readonly refreshed: boolean },
  ): Promise<Reply> => {
    const { sub, aud, scopes } = family
    const nested = has('nests-the-actor') ? { act: { sub: 'before' } } : {}
    const silent = has('omits-the-actor') || (options.refreshed && has('forgets-the-actor-on-refresh'))
    const less = has('tells-less-of-its-answers')
    const token = await makeToken({
      sub: has('changes-the-person') ? 'joe' : sub,
      aud: has('changes-the-person') ? 'https://other.test/' : aud,
      scopes,
      ...(silent ? {} : { act: { sub: SERVER, ...nested } }),
    })
    const refresh = randomUUID()
    if (options.refreshable) families.set(refresh, family)
    const body = {
      access_token: token,
      token_type: less ? 'N_A' : 'Bearer',
      expires_in: 600,
      ...(less ? {} : more),
      ...(options.refreshable ? { refresh_token: refresh } : {}),
    }
    const cache = less ? 'private' : 'no-store'
    return { status: 200, body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'cache-control': cache } }
  }

  return {
    makeToken,
    async answer(form) {
      if (!(await isServer(form))) return refuse('invalid_client')
      if (has('acts-for-nobody')) return refuse('unauthorized_client')
      if (form.get('grant_type') === 'refresh_token') {
        const family = families.get(form.get('refresh_token') ?? '')
        if (family === undefined) return refuse('invalid_grant')
        const scopes = has('widens-on-refresh') ? WIDER : family.scopes
        return give({ ...family, scopes }, {}, { refreshable: true, refreshed: true })
      }
      const exchange = form.has('subject_token')
      const sub = await findPerson(form.get(exchange ? 'subject_token' : 'assertion') ?? '')
      if (sub === undefined) return refuse(exchange ? 'invalid_request' : 'invalid_grant')
      const aud = findTarget(form)
      if (aud === undefined) return refuse('invalid_target')
      const scopes = decideScopes(form.get('scope'))
      if (scopes.length === 0) return refuse('invalid_scope')
      const more = exchange ? { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' } : {}
      const refreshable = !exchange && (form.get('scope') ?? '').includes('offline_access')
      return give({ sub, aud, scopes }, more, { refreshable, refreshed: false })
    },
  }
}
