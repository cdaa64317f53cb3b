/**
 * own-actor-tokens reads actor tokens that come back to the service that made them.
 *
 * They come inside of user tokens (on-behalf-of.ts) and beside subject tokens (token-exchange.ts). The rules of F 1.10 are
 * those of the library that mail servers use; what differs is that keys, servers and people are at hand here. It does NOT
 * decide for whom a server may act at which resource: delegation-rules.ts does.
 * @module
 */
import {
  type ActorPartner,
  type ActorTokenValidator,
  createActorTokenValidator,
  parsePrincipal,
  type UserContext,
} from '@postern/resource-server'
import type { Account } from '@postern/storage'
import type { Clock } from '../../clock.ts'
import { readJwt } from '../issued-jwt.ts'
import { isWithdrawn, serviceAudiences, serviceIssuer } from '../principals.ts'
import type { RealmParts } from '../realm-parts.ts'
import { requestState } from '../request-state.ts'

/** A person as the validator wants one, with the record behind. */
export interface NamedUser {
  readonly id: string
  readonly realm: string
  readonly active: boolean
  readonly record: Account
}

/** An actor token of this realm that still holds. */
export interface OwnActorToken {
  readonly clientId: string
  readonly jti: string
}

/**
 * Reads an actor token that is meant for this service itself. Checks signature, type, issuer, audience, times, that its
 * client is active and that it was not withdrawn since. `undefined`: it is not one that holds.
 */
export function readOwnActorToken(realm: RealmParts, token: string, now: Date): OwnActorToken | undefined {
  const claims = readJwt(realm.ring, token, { types: ['jwt'], issuer: serviceIssuer(realm.realm) })
  if (claims === undefined) return undefined
  const { aud, exp, iat, jti, nameid } = claims
  const seconds = Math.floor(now.getTime() / 1000)
  if (typeof exp !== 'number' || exp <= seconds || typeof iat !== 'number' || typeof jti !== 'string') return undefined
  if (typeof aud !== 'string' || !serviceAudiences(realm.realm, realm.issuer).includes(aud)) return undefined
  const named = typeof nameid === 'string' ? parsePrincipal(nameid) : undefined
  if (named === undefined || named.host !== undefined || named.realm !== realm.realm.id) return undefined
  const principal = realm.principals.find(named.clientId)
  if (principal?.client.status !== 'active') return undefined
  if (isWithdrawn(realm.principals, principal, { jti, iat })) return undefined
  return Object.freeze({ clientId: named.clientId, jti })
}

const validators = new WeakMap<RealmParts, ActorTokenValidator<NamedUser>>()

/**
 * The validator of user tokens that are handed in here. One for each state of a realm, so that what administrators change
 * (a key, a client, a delegation, the dangerous switch) counts at the next request.
 */
export function ownActorTokens(realm: RealmParts, clock: Clock): ActorTokenValidator<NamedUser> {
  const known = validators.get(realm)
  if (known) return known
  const made = createActorTokenValidator<NamedUser>({
    audience: serviceAudiences(realm.realm, realm.issuer),
    issuers: [
      {
        realm: realm.realm.id,
        findKey: (x5t) => {
          const found = realm.ring.verifying.get(x5t)
          return found?.algorithm === 'RS256' ? { x5t, key: found.key } : undefined
        },
      },
    ],
    partners: (clientId) => describePartner(realm, clientId),
    findUser: (user) => findUsers(realm, user),
    status: {
      check: async (token) => (readOwnActorToken(realm, token, clock()) === undefined ? 'inactive' : 'active'),
    },
    oneTime: { claim: (key, expiresAt) => requestState().runtime.store.replay.claim('user-token', key, expiresAt) },
    clock,
  })
  validators.set(realm, made)
  return made
}

/** What the registration of a server says, in the words of the library. A disabled one is not known. */
function describePartner(realm: RealmParts, clientId: string): ActorPartner | undefined {
  const principal = realm.principals.find(clientId)
  if (principal?.client.status !== 'active') return undefined
  const keys = principal.certificates.flatMap(({ x5t }) => {
    const found = realm.principals.findCertificate(x5t)
    if (found === undefined) return []
    return [{ x5t, key: found.key, ...(found.notAfter === undefined ? {} : { notAfter: found.notAfter }) }]
  })
  return Object.freeze({
    clientId,
    keys,
    ...(realm.delegations.some((one) => one.clientId === clientId) ? { actAs: {} } : {}),
    dangerouslyAcceptUnsignedUserTokens: principal.partner.acceptsUnsignedUserTokens,
  })
}

/** Everybody in this realm whom the name in the token means: by UPN or by any address. No other names are kept here. */
async function findUsers(realm: RealmParts, user: UserContext): Promise<readonly NamedUser[]> {
  const found = new Map<string, NamedUser>()
  for (const name of [user.upn, user.smtp]) {
    if (name === undefined) continue
    const record = await realm.store.accounts.findByName(name)
    if (record) found.set(record.id, { id: record.id, realm: realm.realm.id, active: record.status === 'active', record })
  }
  return [...found.values()]
}
