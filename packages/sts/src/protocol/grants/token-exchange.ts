import type { KoaContextWithOIDC } from 'oidc-provider'
import { defineGrant } from './define-grant.ts'
import {
  ACCESS_TOKEN,
  type ActingClient,
  type Asked,
  type DelegatedGrantParts,
  findAskedResource,
  issueDelegated,
  type Permit,
  parameterOf,
  requireActingClient,
  requireDelegation,
  requirePerson,
} from './delegated-token.ts'
import { DelegationRefused } from './delegation-refusals.ts'
import { TOKEN_EXCHANGE } from './delegation-rules.ts'
import { readOwnActorToken } from './own-actor-tokens.ts'
import { proveSubjectToken } from './subject-token.ts'

const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const SUBJECT_TYPES: ReadonlySet<string | undefined> = new Set([ACCESS_TOKEN, JWT])

/** Every parameter of RFC 8693 section 2.1: none is dropped unseen (CVE-2026-9704 is what becomes of that). */
export const tokenExchangeParameters = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'resource',
  'audience',
  'scope',
]

/**
 * Token exchange (RFC 8693), for delegation alone: a server hands in a person's access token for itself and gets one for
 * the same person at another server, with `act` in it. There is no impersonation, and no refresh token: the new token ends
 * with the one that was handed in, and the client exchanges again.
 */
export const createTokenExchange = (parts: DelegatedGrantParts): ((ctx: KoaContextWithOIDC) => Promise<void>) =>
  defineGrant<KoaContextWithOIDC, ActingClient, Asked, Permit, void>({
    async authenticate(ctx) {
      const acting = requireActingClient(ctx)
      requireActor(ctx, parts, acting)
      const requested = parameterOf(ctx, 'requested_token_type')
      if (requested !== undefined && requested !== ACCESS_TOKEN) throw new DelegationRefused('requested_type_unknown')
      return acting
    },
    async prove(ctx, { actor }) {
      const [token, type] = [parameterOf(ctx, 'subject_token'), parameterOf(ctx, 'subject_token_type')]
      if (token === undefined || type === undefined) throw new DelegationRefused('subject_missing')
      if (!SUBJECT_TYPES.has(type)) throw new DelegationRefused('subject_type_unknown')
      const proved = await proveSubjectToken(parts.realm, { token, callerId: actor.clientId, now: parts.clock() })
      const { accountId, issuedAt, expiresAt, shown } = proved
      return { person: { accountId, saidAt: issuedAt, shown, endsAt: expiresAt }, target: findAskedResource(ctx, actor) }
    },
    assess: (ctx, { proof }) => requirePerson(ctx, parts, proof, { canSignInAgain: false }),
    cap: async (ctx, { actor, proof }) => requireDelegation(ctx, actor, proof.target),
    async issue(ctx, { proof, permit }) {
      await issueDelegated(ctx, parts, { permit, person: proof.person, gty: TOKEN_EXCHANGE, refreshable: false })
      ctx.body = { ...(ctx.body as object), issued_token_type: ACCESS_TOKEN } // made by issueDelegated a moment ago
    },
    // The row is written with the answer, in the same transaction (protocol.ts).
    audit: async () => {},
  })

/** Who acts is who authenticated. An actor token may say so once more, and must not say anything else. */
function requireActor(ctx: KoaContextWithOIDC, { realm, clock }: DelegatedGrantParts, acting: ActingClient): void {
  const [token, type] = [parameterOf(ctx, 'actor_token'), parameterOf(ctx, 'actor_token_type')]
  if (token === undefined && type === undefined) return
  if (token === undefined || type === undefined) throw new DelegationRefused('actor_incomplete')
  if (type !== JWT) throw new DelegationRefused('actor_type_unknown')
  if (readOwnActorToken(realm, token, clock())?.clientId !== acting.clientId) throw new DelegationRefused('actor_not_accepted')
}
