import type { KoaContextWithOIDC } from 'oidc-provider'

/** The scopes of the request in hand. */
export const scopesOf = (ctx: { oidc: KoaContextWithOIDC['oidc'] }): readonly string[] =>
  typeof ctx.oidc.params?.scope === 'string' ? ctx.oidc.params.scope.split(' ') : []

/**
 * A new grant for each authorization, so that ending one device's family ends no other's. Clients are registered by an
 * administrator, so what may be asked is granted; explicit consent is the consent prompt's matter.
 */
export async function grantWhatWasAsked(ctx: KoaContextWithOIDC) {
  const { oidc } = ctx
  if (!oidc.client || !oidc.account || !oidc.params) return undefined
  const grant = new oidc.provider.Grant({ accountId: oidc.account.accountId, clientId: oidc.client.clientId })
  grant.jti = (grant as unknown as { generateTokenId(): string }).generateTokenId() // saved later, by the adapter
  // oidc-provider drops offline_access unless consent was prompted for; ours is given with the registration.
  if (oidc.params.postern_offline === '1' && oidc.client.grantTypeAllowed('refresh_token')) {
    const scope = new Set([...scopesOf(ctx), 'offline_access'])
    oidc.params.scope = [...scope].join(' ')
  }
  grant.addOIDCScope([...new Set(['openid', ...oidc.requestParamOIDCScopes])].join(' '))
  grant.addOIDCClaims([...oidc.requestParamClaims])
  for (const [indicator, server] of Object.entries(oidc.resourceServers ?? {})) {
    const asked = [...oidc.requestParamScopes].filter((scope) => server.scopes.has(scope))
    if (asked.length > 0) grant.addResourceScope(indicator, asked.join(' '))
  }
  return grant
}
