import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { assessProgram } from './assurance.ts'
import { accessTokenClaims } from './claims.ts'
import { registrationOf } from './clients.ts'
import { sidOf } from './ended-sessions.ts'
import type { KnownAccount } from './find-account.ts'
import { accessInHand, findDelegationInHand, type Shown } from './grants/delegation-in-hand.ts'
import { delegatedGrantOf } from './grants/delegation-rules.ts'
import type { RealmParts } from './realm-parts.ts'
import { requestState } from './request-state.ts'
import { findResource } from './resources.ts'

/**
 * Asks policy before a program gets a token for itself. Persons were asked about when they were found (find-account.ts).
 * Called when the client and the resource are known and nothing is kept or given out yet.
 * @throws {errors.UnauthorizedClient} when policy blocks it.
 */
export function requireUnblockedProgram(token: object): void {
  const { kind, clientId, aud } = token as { kind?: string; clientId?: string; aud?: unknown }
  if (kind !== 'ClientCredentials') return
  const state = requestState()
  const resource = typeof aud === 'string' ? aud : undefined
  const occasion = { clientId: clientId ?? '', resource, source: state.source }
  if (assessProgram(state.runtime.policies, occasion) === 'sufficient') return
  state.refusedBecause = 'policy_blocks'
  throw new errors.UnauthorizedClient('policy blocks this client')
}

/** The claims of ours in a token that is being made, for oidc-provider's `extraTokenClaims`. */
export function extraClaims(ctx: KoaContextWithOIDC, token: object) {
  const { kind, clientId, scope, aud, gty, grantId } = token as Partial<
    Record<'kind' | 'clientId' | 'scope' | 'aud' | 'gty' | 'grantId', string>
  >
  const { runtime } = requestState()
  const resource = typeof aud === 'string' ? findResource(runtime.resources, aud) : undefined
  if (!resource || !ctx.oidc.client) return undefined
  const { entities } = ctx.oidc
  const registration = registrationOf(ctx.oidc.client)
  // What was shown at sign-in travels in the code, device code or refresh token that is being redeemed, or in the token for
  // somebody else that was handed in.
  const shown = (findDelegationInHand()?.shown ?? entities.RefreshToken ?? entities.AuthorizationCode ?? entities.DeviceCode) as
    | (Shown & { sessionUid?: string })
    | undefined
  return accessTokenClaims({
    clientId: clientId ?? ctx.oidc.client.clientId,
    account: kind === 'AccessToken' ? (ctx.oidc.account as KnownAccount | undefined)?.record : undefined,
    registration: { ...registration, access: accessInHand(registration.access) },
    resource,
    realm: runtime.realm,
    scope: scope ?? '',
    familyId: grantId,
    acr: shown?.acr,
    amr: shown?.amr,
    authTime: shown?.authTime,
    sid: shown?.sid ?? (shown?.sessionUid === undefined ? undefined : sidOf(shown.sessionUid)),
    // By the token itself: whoever forgot to note the delegation does not lose the claim with it.
    actor: delegatedGrantOf(gty) === undefined ? undefined : clientId,
  })
}

/** The last touch on an access JWT: our claims win over the engine's, the header tells `typ` and `x5t`. */
export function shapeAccessToken(
  realm: RealmParts,
  token: object,
  jwt: { header?: object | undefined; payload: Record<string, unknown> },
) {
  const resource = typeof jwt.payload.aud === 'string' ? findResource(realm.resources, jwt.payload.aud) : undefined
  const key = resource && realm.keys.signing[resource.algorithm]
  const extra = (token as { extra?: Record<string, unknown> }).extra ?? {}
  const { iat } = jwt.payload
  const said = Object.fromEntries(
    Object.entries({ ...jwt.payload, ...extra, nbf: iat }).filter(([, value]) => value !== undefined),
  )
  jwt.payload = said
  if (resource && key) jwt.header = { typ: resource.tokenType, kid: key.kid, x5t: key.kid }
}
