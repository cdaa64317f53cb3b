/**
 * plain-tokens makes the tokens that go out by the short way, of persons and of programs, member for member as oidc-provider's way makes them.
 *
 * It decides nothing: what is granted, and to whom, is known when it is called. It keeps nothing either.
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Account, Resource } from '@postern/storage'
import { shapeAccessToken } from '../access-tokens.ts'
import { accessTokenClaims, personClaims, SCOPE_CLAIMS } from '../claims.ts'
import type { ClientRegistration } from '../clients.ts'
import { sidOf } from '../ended-sessions.ts'
import { signCompact } from '../issued-jwt.ts'
import type { RealmRuntime } from '../realm-parts.ts'
import { accessTokenSeconds } from '../resources.ts'
import { LongWay } from './short-way.ts'

/** What was shown at the sign-in, as the code or refresh token that is used carries it. */
export interface ShownAtSignIn {
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
  readonly authTime: number | undefined
  readonly nonce: string | undefined
  readonly sessionUid: string | undefined
  readonly sid: string | undefined
}

/** For whom, by whom and where. */
export interface PlainOccasion {
  readonly runtime: RealmRuntime
  readonly clientId: string
  readonly registration: ClientRegistration
  readonly account: Account
  /** Of the grant, which a family has its id from. */
  readonly familyId: string
  readonly shown: ShownAtSignIn
  /** Seconds. */
  readonly iat: number
}

export const newHandle = (): string => randomBytes(32).toString('base64url')

/** An access token that is not signed yet, and what the answer and the trail say of it. */
export interface PlainAccessToken {
  readonly sign: () => Promise<string>
  readonly jti: string
  readonly seconds: number
  /** As the token names it: short names. */
  readonly scope: string
}

/** RFC 9068. `scope` in the spelling in which it was granted. @throws {LongWay} where the realm has no key that signs for the resource */
export function shapePlainAccessToken(
  { runtime, clientId, registration, account, familyId, shown, iat }: PlainOccasion,
  { resource, scope }: { readonly resource: Resource; readonly scope: string },
): PlainAccessToken {
  const { acr, amr, authTime, sid = shown.sessionUid === undefined ? undefined : sidOf(shown.sessionUid) } = shown
  const from = { clientId, account, registration, resource, realm: runtime.realm, scope, familyId }
  const extra = accessTokenClaims({ ...from, acr, amr, authTime, sid, actor: undefined })
  return shapeToken({ runtime, resource, clientId, sub: account.id, iat, extra })
}

/** A program's token (RFC 9068) names no person. Otherwise as {@link shapePlainAccessToken}. */
export function shapeProgramToken(
  { runtime, clientId, registration, iat }: Pick<PlainOccasion, 'runtime' | 'clientId' | 'registration' | 'iat'>,
  { resource, scope }: { readonly resource: Resource; readonly scope: string },
): PlainAccessToken {
  const extra = accessTokenClaims({ ...nobody, clientId, registration, resource, realm: runtime.realm, scope })
  return shapeToken({ runtime, resource, clientId, sub: clientId, iat, extra })
}

const nobody = {
  account: undefined,
  familyId: undefined,
  acr: undefined,
  amr: undefined,
  authTime: undefined,
  sid: undefined,
  actor: undefined,
} as const

function shapeToken(of: {
  readonly runtime: RealmRuntime
  readonly resource: Resource
  readonly clientId: string
  readonly sub: string
  readonly iat: number
  readonly extra: ReturnType<typeof accessTokenClaims>
}): PlainAccessToken {
  const { runtime, resource, clientId, sub, iat, extra } = of
  const signer = runtime.ring.signers[resource.algorithm]
  if (signer === undefined) throw new LongWay()
  const jti = newHandle()
  const seconds = accessTokenSeconds(resource, runtime.realm.settings)
  const standard = { jti, sub, iat, exp: iat + seconds, client_id: clientId, iss: runtime.issuer }
  const jwt: Parameters<typeof shapeAccessToken>[2] = { payload: { ...extra, ...standard, aud: resource.audience } }
  shapeAccessToken(runtime, { extra }, jwt)
  const sign = () => signCompact(signer, { alg: resource.algorithm, typ: 'at+jwt', ...jwt.header }, jwt.payload)
  return { sign, jti, seconds, scope: String(extra.scope) }
}

/** With the claims of the scopes that were granted (OpenID Connect Core sections 5.4 and 12.2). */
export function signIdToken(
  { runtime, clientId, account, shown, iat }: PlainOccasion,
  idScopes: readonly string[],
): Promise<string> {
  const { issuer, realm, ring } = runtime
  const { acr, amr, authTime, nonce, sid } = shown
  const available: Readonly<Record<string, unknown>> = { ...personClaims(account, realm), acr, amr, auth_time: authTime }
  const byScope: Readonly<Record<string, readonly string[]>> = SCOPE_CLAIMS
  const names = idScopes.flatMap((scope) => byScope[scope] ?? [])
  const person = Object.fromEntries(names.map((name) => [name, available[name]]))
  const of = { nonce, sid, aud: clientId, exp: iat + realm.settings.idTokenSeconds, iat, iss: issuer, sub: account.id }
  const { kid, algorithm } = ring.signing
  return signCompact(ring.signing, { alg: algorithm, kid, typ: 'JWT' }, { ...person, ...of })
}
