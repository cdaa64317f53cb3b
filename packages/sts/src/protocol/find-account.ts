import type { Account, AccountId } from '@postern/storage'
import type { FindAccount, KoaContextWithOIDC, Account as ProviderAccount } from 'oidc-provider'
import type { Clock } from '../clock.ts'
import { acrOf } from '../policy/policy.ts'
import { type Assurance, assess, findEnforcement, type Occasion } from './assurance.ts'
import { personClaims } from './claims.ts'
import { findRefreshObstacle, noteRefresh } from './grants/delegated-refresh.ts'
import { noteDelegation } from './grants/delegation-in-hand.ts'
import { ON_BEHALF_OF, TOKEN_EXCHANGE } from './grants/delegation-rules.ts'
import { PORTAL_CLIENT_ID } from './portal-client.ts'
import { requestState } from './request-state.ts'

/** A person as oidc-provider sees one, with our record attached. */
export interface KnownAccount extends ProviderAccount {
  readonly record: Account
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Grants that give tokens for what was shown earlier; policy looks again each time (R33, R43). */
const REDEEMING: ReadonlyMap<unknown, Occasion['flow']> = new Map([
  ['authorization_code', 'authorization'],
  ['refresh_token', 'refresh'],
  ['urn:ietf:params:oauth:grant-type:device_code', 'device'],
  [ON_BEHALF_OF, 'exchange'],
  [TOKEN_EXCHANGE, 'exchange'],
])

/**
 * Finds the person behind `sub`. On the token route policy is asked again, so that a block, or a new demand that the
 * old sign-in does not meet, ends there. Not found means `invalid_grant` to a client and a new sign-in to a browser.
 */
export const createFindAccount =
  ({ clock }: { clock: Clock }): FindAccount =>
  async (ctx, sub, token) => {
    const state = requestState()
    const { runtime } = state
    // A client that refreshes what it was given to act for somebody still acts for somebody.
    const delegated = noteRefresh(ctx, sub, token)
    const record = uuid.test(sub) ? await runtime.store.accounts.find(sub as AccountId) : undefined
    if (record?.status !== 'active') {
      state.refusedBecause = record ? 'account_disabled' : 'account_unknown'
      return undefined
    }
    if (!provedSince(record.signedOutAt, ctx, token)) {
      state.refusedBecause = 'signed_out_since'
      return undefined
    }
    if (ctx.oidc.route === 'token' && ctx.oidc.client?.clientId === PORTAL_CLIENT_ID) {
      state.refusedBecause = 'portal_takes_no_token'
      return undefined
    }
    const flow = delegated === undefined ? REDEEMING.get(ctx.oidc.params?.grant_type) : 'exchange'
    if (ctx.oidc.route === 'token' && flow) {
      // oidc-provider hands over the code or refresh token, which carries what was shown and granted when it was made.
      const { amr, resource: granted } = (token ?? {}) as { amr?: unknown; resource?: unknown }
      const resources = namesIn(ctx.oidc.params?.resource ?? granted)
      const redeemed = { account: record, clientId: ctx.oidc.client?.clientId ?? '', resources, flow, amr }
      const assurance = await assessRedeemed(redeemed, clock())
      if (assurance.outcome !== 'sufficient') {
        state.refusedBecause = assurance.outcome === 'blocked' ? 'policy_blocks' : 'policy_requires_more'
        if (assurance.outcome === 'missing' && flow === 'exchange')
          noteDelegation({ actor: ctx.oidc.client?.clientId ?? '', missing: assurance.missing })
        return undefined
      }
      const obstacle = delegated && findRefreshObstacle(ctx, record, { grant: delegated, token })
      if (obstacle) {
        state.refusedBecause = obstacle
        return undefined
      }
    }
    const account: KnownAccount = { accountId: record.id, record, claims: async () => personClaims(record, runtime.realm) }
    return account
  }

/**
 * Asks policy, and what is demanded of the account alone, about tokens for what was shown earlier: the `amr` of the code or
 * refresh token. For the request in hand.
 */
export async function assessRedeemed(
  redeemed: Pick<Occasion, 'account' | 'clientId' | 'resources' | 'flow'> & { readonly amr: unknown },
  now: Date,
): Promise<Assurance> {
  const { amr, ...occasion } = redeemed
  const { runtime, source } = requestState()
  const evidence = Array.isArray(amr) ? amr.filter((one) => typeof one === 'string') : []
  const enforced = await findEnforcement(runtime.store, occasion.account, now)
  return assess(
    runtime.policies,
    { ...occasion, source, evidence },
    { acrValues: [], acr: acrOf(evidence), secondFactor: enforced.demand === 'second-factor' },
  )
}

/** One name or several, as oidc-provider keeps them. */
const namesIn = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string' && one !== '')

/**
 * Whether what this request relies on was proved after the account was last signed out everywhere. That is the session in
 * a browser, and the code, device code or refresh token at the token endpoint; each carries the time of its sign-in. An
 * access token carries the time it was made, which was checked then.
 */
function provedSince(signedOutAt: Date | undefined, ctx: KoaContextWithOIDC, token: unknown): boolean {
  const { authTime, iiat, iat } = (token ?? {}) as { authTime?: number; iiat?: number; iat?: number }
  // A refresh token without a sign-in behind it, since a server named the person, counts from the first one of its family.
  return countsAfter(signedOutAt, authTime ?? ctx.oidc.session?.loginTs ?? iiat ?? iat)
}

/** Whether a sign-in at `provedAt` (seconds) still counts for an account that was signed out everywhere at that moment. */
export const countsAfter = (signedOutAt: Date | undefined, provedAt: number | undefined): boolean =>
  signedOutAt === undefined || (provedAt !== undefined && provedAt > Math.floor(signedOutAt.getTime() / 1000))
