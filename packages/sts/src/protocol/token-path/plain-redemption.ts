/**
 * plain-redemption gives tokens for an authorization code (RFC 6749 section 4.1.3) by the short way: one read of all that it depends
 * on, one statement that uses the code, begins the family and tells of it, or does nothing, because that statement looks again.
 *
 * It owns which requests go the short way: those of a code for one resource, with a challenge and bound to no key, that are plain
 * and right. It refuses nothing: used, expired, foreign and blocked codes, and whoever loses a race for one, go on to
 * oidc-provider's way, which ends what a code gave that comes twice. Who a client is, what policy says, what is granted and what a
 * token claims is asked where that way asks it too.
 * @module
 */
import type { Account, FamilyId, FirstOfFamily } from '@postern/storage'
import type { Middleware } from 'koa'
import type { Audit } from '../../audit/audit.ts'
import type { Clock } from '../../clock.ts'
import { sidOf } from '../ended-sessions.ts'
import { assessRedeemed, countsAfter } from '../find-account.ts'
import { defineGrant } from '../grants/define-grant.ts'
import type { RealmRuntime } from '../realm-parts.ts'
import { createRefreshTokenCodec, refreshSeconds } from '../refresh-tokens.ts'
import { findParameter } from '../request-rewriting.ts'
import { shapeTokenAnswer } from '../token-answer.ts'
import { findPlainClient, type PlainClient } from './plain-client.ts'
import { capPlainly, type PlainPermit } from './plain-permit.ts'
import { newHandle, type PlainOccasion, shapePlainAccessToken, signIdToken } from './plain-tokens.ts'
import { answersChallenge, type PlainCode, readPlainCode } from './redeemed-facts.ts'
import { type PlainGrant, readPlainGrant } from './refreshed-facts.ts'
import { createShortWay, LongWay, type ShortRequest } from './short-way.ts'

const GRANT_TYPE = 'authorization_code'
/** Anything else in a form has a meaning that is not known here. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['grant_type', 'code', 'redirect_uri', 'code_verifier', 'client_id', 'client_secret'],
])

interface Presented {
  /** As it was sent. */
  readonly value: string
  readonly code: PlainCode
  readonly grant: PlainGrant
  /** The grant as it is kept. */
  readonly keptGrant: Readonly<Record<string, unknown>>
  readonly account: Account
}

interface Permit extends PlainPermit {
  /** Whether a refresh token goes along. */
  readonly isOffline: boolean
}

interface RedemptionAnswer {
  readonly body: string
  readonly at: Date
  readonly family: FirstOfFamily | undefined
  readonly jti: string
  /** The scope that the token names. */
  readonly scope: string
}

export interface PlainRedemptionOptions {
  readonly clock: Clock
  readonly audit: Audit
}

/** The stage of protocol that answers plain redemptions of codes. */
export const createPlainRedemption = (options: PlainRedemptionOptions): Middleware =>
  createShortWay({ grantType: GRANT_TYPE, known: KNOWN, grant: createRedemptionGrant(options) })

const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000)
const secondsAfter = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1000)

function createRedemptionGrant({ clock, audit }: PlainRedemptionOptions) {
  return defineGrant<ShortRequest, PlainClient, Presented, Permit, RedemptionAnswer>({
    authenticate: (request) => findPlainClient(request, { grantType: GRANT_TYPE, clock }),
    async prove({ state: { runtime, parameters = [] } }, { actor }) {
      const value = findParameter(parameters, 'code') ?? ''
      const found = await runtime.store.redemptions.findUnused(value)
      if (found === undefined) throw new LongWay()
      const { account } = found
      const now = secondsOf(clock())
      const clientId = actor.client.id
      const code = readPlainCode(found.code, value, { clientId, now })
      if (code?.accountId !== account.id || account.status !== 'active') throw new LongWay()
      if (!countsAfter(account.signedOutAt, code.authTime ?? code.iat)) throw new LongWay()
      const { accountId, grantId: familyId, resource } = code
      const grant = readPlainGrant(found.grant, { clientId, familyId, now, accountId, resource })
      if (grant === undefined) throw new LongWay()
      if (findParameter(parameters, 'redirect_uri') !== code.redirectUri) throw new LongWay()
      if (!answersChallenge(findParameter(parameters, 'code_verifier') ?? '', code.codeChallenge)) throw new LongWay()
      return { value, code, grant, keptGrant: found.grant, account }
    },
    async assess(_request, { actor: { client }, proof: { account, code } }) {
      const redeemed = { account, clientId: client.id, resources: [code.resource], flow: 'authorization' as const, amr: code.amr }
      if ((await assessRedeemed(redeemed, clock())).outcome !== 'sufficient') throw new LongWay()
    },
    async cap({ state: { runtime } }, { actor: { client, registration }, proof: { code, grant } }) {
      const scopes = new Set(code.scope.split(' '))
      const permit = capPlainly(
        { resources: runtime.resources, access: registration.access },
        { resource: code.resource, scopes, grant },
      )
      const isOffline = scopes.has('offline_access') && client.grantTypes.includes('refresh_token')
      return { ...permit, isOffline }
    },
    async issue({ state: { runtime, v1 } }, { actor, proof, permit: { resource, scope, idScopes, isOffline } }) {
      const now = clock()
      const { account, code } = proof
      const { client, registration } = actor
      const iat = secondsOf(now)
      const occasion: PlainOccasion = {
        ...{ runtime, clientId: client.id, registration, account },
        ...{ familyId: code.grantId, shown: code, iat },
      }
      const access = shapePlainAccessToken(occasion, { resource, scope })
      const family = isOffline ? beginFamily(runtime, actor, proof, now) : undefined
      const codec = createRefreshTokenCodec({ ring: runtime.ring, issuer: runtime.issuer, clock })
      const [accessToken, refreshToken, idToken] = await Promise.all([
        access.sign(),
        family && codec.wrap(family.token.payload),
        idScopes.length === 0 ? undefined : signIdToken(occasion, idScopes),
      ])
      const said = {
        access_token: accessToken,
        expires_in: access.seconds,
        ...(idToken === undefined ? {} : { id_token: idToken }),
        ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
        scope,
        token_type: 'Bearer',
      }
      const scopes = access.scope === '' ? [] : access.scope.split(' ')
      const body = JSON.stringify(shapeTokenAnswer(said, { v1, now, resource: resource.audience, scopes }))
      return { body, at: now, family, jti: access.jti, scope: access.scope }
    },
    async audit({ state: { reference, source, runtime } }, { actor: { client }, proof, permit, answer }) {
      const { account, code, value } = proof
      const { at, family, jti, scope } = answer
      const trail = audit.toRow({
        event: 'token.issued',
        reference,
        clientId: client.id,
        accountId: account.id,
        ...(source ? { source } : {}),
        detail: {
          grantType: GRANT_TYPE,
          scope,
          refresh: family !== undefined,
          resource: permit.resource.audience,
          jti,
          familyId: code.grantId,
        },
      })
      const written = await runtime.store.redemptions.redeem({
        code: value,
        grantId: code.grantId as FamilyId, // a family has the id of its grant
        accountId: account.id,
        at,
        ...(family === undefined ? {} : { family }),
        trail,
      })
      // Somebody else used it, or it was taken back, since it was read: the other way says what becomes of that.
      if (!written) throw new LongWay()
    },
  })
}

/** The first refresh token, with the members that oidc-provider gives it, and the grant, which lives as long as its family may. */
function beginFamily({ realm }: RealmRuntime, { client }: PlainClient, { code, keptGrant }: Presented, now: Date): FirstOfFamily {
  const handle = newHandle()
  const iat = secondsOf(now)
  const seconds = refreshSeconds(iat, realm.settings, now)
  const familyEndsAt = secondsAfter(now, realm.settings.refreshAbsoluteSeconds)
  const { accountId, acr, amr, authTime, grantId, nonce, resource, scope, sessionUid, sid } = code
  const of = { accountId, acr, amr, authTime, clientId: client.id, grantId, nonce, resource, scope, sessionUid, sid }
  const payload = {
    ...{ iat, exp: iat + seconds, jti: handle, kind: 'RefreshToken', gty: GRANT_TYPE, iiat: iat, rotations: 0 },
    ...Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)),
  }
  return {
    ...(sessionUid === undefined ? {} : { sessionId: sidOf(sessionUid) }),
    grant: { ...keptGrant, exp: secondsOf(familyEndsAt) },
    familyEndsAt,
    token: { handle, payload, issuedAt: now, expiresAt: secondsAfter(now, seconds) },
  }
}
