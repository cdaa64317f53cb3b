/**
 * plain-refresh rotates a refresh token (RFC 6749 section 6) by the short way: one read of all that it depends on, one statement that
 * writes all of it or nothing, and no transaction, because that statement looks again.
 *
 * It owns which requests go the short way: those of a person's token for one resource, bound to no key, that are plain and right.
 * It refuses nothing: used, ended, foreign and blocked tokens, and whoever loses a race for one, go on to oidc-provider's way,
 * which finds the kept answer or the reuse. Who a client is, what policy says, what is granted and what a token claims is asked
 * where that way asks it too.
 * @module
 */
import type { Account, FamilyId } from '@postern/storage'
import type { Middleware } from 'koa'
import type { Audit } from '../../audit/audit.ts'
import type { Clock } from '../../clock.ts'
import { assessRedeemed, countsAfter } from '../find-account.ts'
import { defineGrant } from '../grants/define-grant.ts'
import type { RealmRuntime } from '../realm-parts.ts'
import { createRefreshTokenCodec, refreshSeconds } from '../refresh-tokens.ts'
import { findParameter } from '../request-rewriting.ts'
import type { NewRefreshToken } from '../request-state.ts'
import { findUngranted } from '../resources.ts'
import { shapeTokenAnswer } from '../token-answer.ts'
import { findPlainClient, type PlainClient } from './plain-client.ts'
import { capPlainly, type PlainPermit } from './plain-permit.ts'
import { newHandle, type PlainOccasion, shapePlainAccessToken, signIdToken } from './plain-tokens.ts'
import { type PlainGrant, type PlainRefreshToken, readPlainGrant, readPlainToken } from './refreshed-facts.ts'
import { createShortWay, LongWay, type ShortRequest } from './short-way.ts'
import { writeRotation } from './written-rotation.ts'

const GRANT_TYPE = 'refresh_token'
/** Anything else in a form has a meaning that is not known here. */
const KNOWN: ReadonlySet<string> = new Set(['grant_type', 'refresh_token', 'client_id', 'client_secret', 'scope', 'resource'])

interface Presented {
  readonly handle: string
  readonly familyId: string
  readonly token: PlainRefreshToken
  readonly grant: PlainGrant
  readonly account: Account
}

interface RefreshAnswer {
  readonly body: string
  readonly at: Date
  readonly successor: NewRefreshToken
  readonly jti: string
  /** The scope that the token names. */
  readonly scope: string
}

export interface PlainRefreshOptions {
  readonly clock: Clock
  readonly audit: Audit
}

/** The stage of protocol that answers plain refreshes. */
export const createPlainRefresh = (options: PlainRefreshOptions): Middleware =>
  createShortWay({ grantType: GRANT_TYPE, known: KNOWN, grant: createRefreshGrant(options) })

const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000)

function createRefreshGrant({ clock, audit }: PlainRefreshOptions) {
  return defineGrant<ShortRequest, PlainClient, Presented, PlainPermit, RefreshAnswer>({
    authenticate: (request) => findPlainClient(request, { grantType: GRANT_TYPE, clock }),
    async prove({ state: { runtime, parameters = [] } }, { actor }) {
      const clientId = actor.client.id
      const now = secondsOf(clock())
      const codec = createRefreshTokenCodec({ ring: runtime.ring, issuer: runtime.issuer, clock })
      const read = codec.read(findParameter(parameters, 'refresh_token') ?? '')
      if (read?.clientId !== clientId || typeof read.familyId !== 'string') throw new LongWay()
      const { handle, familyId } = read
      const found = await runtime.store.refreshTokens.findUnused(handle, familyId as FamilyId) // as we signed it
      if (found?.token.clientId !== clientId) throw new LongWay()
      const { account } = found
      const token = readPlainToken(found.token.payload, handle, { clientId, familyId, now })
      if (token?.accountId !== account.id || account.status !== 'active') throw new LongWay()
      if (!countsAfter(account.signedOutAt, token.authTime ?? token.iiat)) throw new LongWay()
      const { accountId, resource } = token
      const grant = readPlainGrant(found.grant, { clientId, familyId, now, accountId, resource })
      if (grant === undefined) throw new LongWay()
      // Less, or something else, than was granted.
      if ((findParameter(parameters, 'resource') ?? resource) !== resource) throw new LongWay()
      if ((findParameter(parameters, 'scope') ?? token.scope) !== token.scope) throw new LongWay()
      return { handle, familyId, token, grant, account }
    },
    async assess(_request, { actor: { client }, proof: { account, token } }) {
      const redeemed = { account, clientId: client.id, resources: [token.resource], flow: 'refresh' as const, amr: token.amr }
      if ((await assessRedeemed(redeemed, clock())).outcome !== 'sufficient') throw new LongWay()
    },
    async cap({ state: { runtime, parameters = [] } }, { actor: { registration }, proof: { token, grant } }) {
      const asked = findParameter(parameters, 'scope')?.split(' ') ?? []
      if (findUngranted(runtime.resources, registration.access, asked) !== undefined) throw new LongWay()
      const scopes = new Set(token.scope.split(' '))
      return capPlainly(
        { resources: runtime.resources, access: registration.access },
        { resource: token.resource, scopes, grant },
      )
    },
    async issue({ state: { runtime, v1 } }, { actor, proof, permit: { resource, scope, idScopes } }) {
      const now = clock()
      const { client, registration } = actor
      const { account, token, familyId } = proof
      const occasion: PlainOccasion = {
        ...{ runtime, clientId: client.id, registration, account },
        ...{ familyId, shown: token, iat: secondsOf(now) },
      }
      const access = shapePlainAccessToken(occasion, { resource, scope })
      const successor = succeed(runtime, actor, proof, now)
      const codec = createRefreshTokenCodec({ ring: runtime.ring, issuer: runtime.issuer, clock })
      const [accessToken, refreshToken, idToken] = await Promise.all([
        access.sign(),
        codec.wrap(successor.payload),
        idScopes.length === 0 ? undefined : signIdToken(occasion, idScopes),
      ])
      const said = {
        access_token: accessToken,
        expires_in: access.seconds,
        ...(idToken === undefined ? {} : { id_token: idToken }),
        refresh_token: refreshToken,
        scope,
        token_type: 'Bearer',
      }
      const scopes = access.scope === '' ? [] : access.scope.split(' ')
      const body = JSON.stringify(shapeTokenAnswer(said, { v1, now, resource: resource.audience, scopes }))
      return { body, at: now, successor, jti: access.jti, scope: access.scope }
    },
    async audit({ state: { reference, source, form } }, { actor: { client }, proof, permit, answer }) {
      const { handle, familyId, account } = proof
      const trail = audit.toRow({
        event: 'token.issued',
        reference,
        clientId: client.id,
        accountId: account.id,
        ...(source ? { source } : {}),
        detail: {
          grantType: GRANT_TYPE,
          scope: answer.scope,
          refresh: true,
          resource: permit.resource.audience,
          jti: answer.jti,
          familyId,
        },
      })
      const { body, at, successor } = answer
      // Somebody else used it, or ended its family, since it was read: the other way says what becomes of that.
      if (!(await writeRotation({ used: handle, successor, form, answer: body, at, trail }))) throw new LongWay()
    },
  })
}

/** The token that follows, with the members that oidc-provider gives it. */
function succeed({ realm }: RealmRuntime, { client }: PlainClient, { token, familyId }: Presented, now: Date): NewRefreshToken {
  const handle = newHandle()
  const seconds = refreshSeconds(token.iiat, realm.settings, now)
  const iat = secondsOf(now)
  const { gty, rotations, ...same } = token
  const payload = {
    ...{ iat, exp: iat + seconds, jti: handle, kind: 'RefreshToken', clientId: client.id, grantId: familyId },
    ...Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined)),
    gty: gty.endsWith(GRANT_TYPE) ? gty : `${gty} ${GRANT_TYPE}`,
    rotations: rotations + 1,
  }
  return { handle, payload, issuedAt: now, expiresAt: new Date(now.getTime() + seconds * 1000) }
}
