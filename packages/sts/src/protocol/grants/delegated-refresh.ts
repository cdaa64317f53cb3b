import type { Account } from '@postern/storage'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { registrationOf } from '../clients.ts'
import { requestState } from '../request-state.ts'
import { findResource } from '../resources.ts'
import { noteDelegation, type Shown } from './delegation-in-hand.ts'
import { decideDelegation, delegatedGrantOf } from './delegation-rules.ts'

/** What of a refresh token says that a client acts for somebody, and with what. */
interface DelegatedRefreshToken extends Shown {
  readonly gty?: string
  readonly resource?: string | readonly string[]
  readonly scope?: string
}

/**
 * Notes that this request goes on with an earlier delegation, if it does: the refresh token tells by which grant it was made.
 * Returns that grant.
 */
export function noteRefresh(ctx: KoaContextWithOIDC, accountId: string, token: unknown): string | undefined {
  const { gty, acr, amr, authTime, sid } = (token ?? {}) as DelegatedRefreshToken // kept by us
  const grant = ctx.oidc.route === 'token' ? delegatedGrantOf(gty) : undefined
  if (grant !== undefined)
    noteDelegation({ actor: ctx.oidc.client?.clientId ?? '', accountId, shown: { acr, amr, authTime, sid } })
  return grant
}

/**
 * Holds a refresh against the delegation as it is now, as if the client asked for the first time: what an administrator took
 * away meanwhile is not given again. Returns why not, or `undefined`.
 */
export function findRefreshObstacle(
  ctx: KoaContextWithOIDC,
  account: Account,
  made: { readonly grant: string; readonly token: unknown },
): string | undefined {
  const { client } = ctx.oidc
  if (client?.grantTypeAllowed(made.grant as 'refresh_token') !== true) return 'grant_not_allowed'
  const { resources, delegations } = requestState().runtime
  const { resource: name, scope } = made.token as DelegatedRefreshToken // kept by us
  const resource = typeof name === 'string' ? findResource(resources, name) : undefined
  if (resource === undefined) return 'target_unknown'
  const asked = ctx.oidc.params?.scope
  const decision = decideDelegation({
    delegations,
    clientId: client.clientId,
    access: registrationOf(client).access,
    resource,
    groups: account.groups,
    scope: typeof asked === 'string' ? asked : (scope ?? ''),
  })
  if (decision.outcome === 'refused') return decision.because
  noteDelegation({ actor: client.clientId, delegation: decision.delegation })
  return undefined
}
