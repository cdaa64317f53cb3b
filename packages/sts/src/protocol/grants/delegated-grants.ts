import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { claimsChallenge, type DelegatedGrantParts } from './delegated-token.ts'
import { DelegationRefused, toAnswer } from './delegation-refusals.ts'
import { ON_BEHALF_OF, TOKEN_EXCHANGE } from './delegation-rules.ts'
import { createOnBehalfOf, onBehalfOfParameters } from './on-behalf-of.ts'
import { createTokenExchange, tokenExchangeParameters } from './token-exchange.ts'

/** May come twice (RFC 8707 section 2), and is refused then: a token is for one resource. */
const REPEATABLE = ['resource']

/** Teaches the provider the grants with which a client acts for a person. It authenticates the client before. */
export function registerDelegatedGrants(provider: Provider, parts: DelegatedGrantParts): void {
  const answering =
    (grant: typeof ON_BEHALF_OF | typeof TOKEN_EXCHANGE, run: (ctx: KoaContextWithOIDC) => Promise<void>) =>
    async (ctx: KoaContextWithOIDC): Promise<void> => {
      try {
        await run(ctx)
      } catch (error) {
        throw error instanceof DelegationRefused ? toAnswer(error, grant) : error
      }
    }
  provider.registerGrantType(ON_BEHALF_OF, answering(ON_BEHALF_OF, createOnBehalfOf(parts)), onBehalfOfParameters, REPEATABLE)
  provider.registerGrantType(
    TOKEN_EXCHANGE,
    answering(TOKEN_EXCHANGE, createTokenExchange(parts)),
    tokenExchangeParameters,
    REPEATABLE,
  )
  // oidc-provider's errors carry no further members.
  provider.use(async (ctx, next) => {
    await next()
    const body: unknown = ctx.body
    if (typeof body !== 'object' || body === null || !('error' in body) || body.error !== 'interaction_required') return
    const claims = claimsChallenge()
    if (claims !== undefined) ctx.body = { ...body, claims }
  })
}
