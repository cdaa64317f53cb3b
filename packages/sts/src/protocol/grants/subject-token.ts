import type { ClientId } from '@postern/storage'
import { readJwt } from '../issued-jwt.ts'
import { serviceIssuer } from '../principals.ts'
import type { RealmParts } from '../realm-parts.ts'
import { REFRESH_TYPE } from '../refresh-tokens.ts'
import { noteDelegation, type Shown } from './delegation-in-hand.ts'
import { DelegationRefused } from './delegation-refusals.ts'

/** A person's access token that was handed in by the server it is meant for. */
export interface SubjectToken {
  readonly accountId: string
  /** Seconds. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly shown: Shown
}

const ACCESS_TYPES = ['at+jwt', 'jwt']

/**
 * Reads an access token of this realm that a client hands in to act for the person in it (RFC 8693 section 2.1).
 *
 * Checks signature, type, issuer, end, that it is a person's, not bound to a key and not made by an exchange itself (one
 * nesting level), that its audience is a resource whose principal is the caller, that it was not withdrawn, and that its
 * client and its grant are alive. Does NOT look at the account: find-account.ts does, with policy.
 * @throws {DelegationRefused} one code for each of these
 */
export async function proveSubjectToken(
  runtime: RealmParts,
  presented: { readonly token: string; readonly callerId: string; readonly now: Date },
): Promise<SubjectToken> {
  const { ring, issuer, resources, store } = runtime
  const { token, callerId } = presented
  const claims = readJwt(ring, token, { types: ACCESS_TYPES, issuer })
  if (claims === undefined) throw new DelegationRefused(nameOther(runtime, token))
  const { sub, exp, iat, jti, aud, client_id: clientId, grant_id: grantId } = claims
  // ID tokens say `typ: JWT` as well, but their audience is a client and they carry no `appid`.
  const resource = resources.find((one) => one.audience === aud && one.status === 'active')
  if (typeof claims.appid !== 'string') throw new DelegationRefused('subject_is_id_token')
  if (claims.idtyp !== 'user') throw new DelegationRefused('subject_is_app_only')
  // Ours and a person's: whatever is wrong with it, the trail names whose it was.
  if (typeof sub === 'string') noteDelegation({ actor: callerId, accountId: sub })
  if (typeof exp !== 'number' || exp <= Math.floor(presented.now.getTime() / 1000)) throw new DelegationRefused('subject_expired')
  if (claims.cnf !== undefined) throw new DelegationRefused('subject_is_bound')
  if (claims.act !== undefined) throw new DelegationRefused('subject_is_delegated')
  if (resource?.principalId !== callerId) throw new DelegationRefused('subject_not_for_caller')
  if (typeof sub !== 'string' || typeof iat !== 'number' || typeof jti !== 'string')
    throw new DelegationRefused('subject_unreadable')
  if (await store.artifacts.find('WithdrawnToken', jti)) throw new DelegationRefused('subject_withdrawn')
  const client = await store.clients.find(String(clientId) as ClientId) // signed by us, so it is an id
  if (client?.status !== 'active') throw new DelegationRefused('subject_client_disabled')
  if ((await store.artifacts.find('Grant', String(grantId))) === undefined) throw new DelegationRefused('subject_family_ended')
  const { acr, amr, auth_time: authTime, sid } = claims
  return Object.freeze({
    accountId: sub,
    issuedAt: iat,
    expiresAt: exp,
    shown: Object.freeze({
      ...(typeof acr === 'string' ? { acr } : {}),
      ...(Array.isArray(amr) ? { amr: amr.filter((one) => typeof one === 'string') } : {}),
      ...(typeof authTime === 'number' ? { authTime } : {}),
      ...(typeof sid === 'string' ? { sid } : {}),
    }),
  })
}

/** What else of ours it may be, for the trail. */
function nameOther({ ring, issuer, realm }: RealmParts, token: string) {
  if (readJwt(ring, token, { types: [REFRESH_TYPE], issuer })) return 'subject_is_refresh_token'
  if (readJwt(ring, token, { types: ['jwt'], issuer: serviceIssuer(realm) })) return 'subject_is_actor_token'
  return 'subject_unreadable'
}
