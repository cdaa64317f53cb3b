import { ActorTokenError } from '@postern/resource-server'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { claimedPrincipal } from '../../partners/claimed-principal.ts'
import { defineGrant } from './define-grant.ts'
import {
  ACCESS_TOKEN,
  type ActingClient,
  type Asked,
  asksForRefresh,
  type DelegatedGrantParts,
  findAskedResource,
  issueDelegated,
  type Permit,
  type ProvedPerson,
  parameterOf,
  requireActingClient,
  requireDelegation,
  requirePerson,
} from './delegated-token.ts'
import { noteDelegation } from './delegation-in-hand.ts'
import { DelegationRefused } from './delegation-refusals.ts'
import { ON_BEHALF_OF } from './delegation-rules.ts'
import { ownActorTokens } from './own-actor-tokens.ts'
import { proveSubjectToken } from './subject-token.ts'

/** Names that oidc-provider hands through to the grant. */
export const onBehalfOfParameters = ['assertion', 'requested_token_use', 'requested_token_type', 'scope', 'resource']

interface Proof extends Asked {
  /** Whether the person signed in, and can do so again, or a server named the person. */
  readonly signedIn: boolean
}

/**
 * The on-behalf-of grant (F 3.3): a server hands in the token that a person's client sent it, or a user token that it made
 * itself around an actor token for this service (F 1.8), and gets a token for the same person at another server.
 *
 * Policy is asked again, with what the person has shown at the sign-in, and with nothing where a server named the person.
 */
export const createOnBehalfOf = (parts: DelegatedGrantParts): ((ctx: KoaContextWithOIDC) => Promise<void>) =>
  defineGrant<KoaContextWithOIDC, ActingClient, Proof, Permit, void>({
    async authenticate(ctx) {
      const acting = requireActingClient(ctx)
      if (parameterOf(ctx, 'requested_token_use') !== 'on_behalf_of') throw new DelegationRefused('use_unknown')
      const type = parameterOf(ctx, 'requested_token_type')
      if (type !== undefined && type !== ACCESS_TOKEN) throw new DelegationRefused('requested_type_unknown')
      return acting
    },
    async prove(ctx, { actor }) {
      const assertion = parameterOf(ctx, 'assertion')
      if (assertion === undefined) throw new DelegationRefused('assertion_missing')
      const signedIn = !isUserToken(assertion)
      const person = signedIn
        ? await proveSignedIn(parts, { token: assertion, callerId: actor.clientId })
        : await proveNamed(parts, { token: assertion, callerId: actor.clientId })
      return { person, signedIn, target: findAskedResource(ctx, actor) }
    },
    assess: (ctx, { proof }) => requirePerson(ctx, parts, proof, { canSignInAgain: proof.signedIn }),
    cap: async (ctx, { actor, proof }) => requireDelegation(ctx, actor, proof.target),
    issue: (ctx, { proof, permit }) =>
      issueDelegated(ctx, parts, { permit, person: proof.person, gty: ON_BEHALF_OF, refreshable: asksForRefresh(ctx) }),
    // The row is written with the answer, in the same transaction (protocol.ts).
    audit: async () => {},
  })

interface Presented {
  readonly token: string
  readonly callerId: string
}

async function proveSignedIn({ realm, clock }: DelegatedGrantParts, presented: Presented): Promise<ProvedPerson> {
  const { accountId, issuedAt, shown } = await proveSubjectToken(realm, { ...presented, now: clock() })
  return { accountId, saidAt: issuedAt, shown }
}

/** Whether this is a user token: it carries an actor token. Nothing about it is believed yet. */
function isUserToken(token: string): boolean {
  const [, body = ''] = token.split('.')
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null && Object.hasOwn(claims, 'actortoken')
  } catch {
    return false // no JWT: it is refused as a person's token that cannot be read
  }
}

/** Whether a user token says that it is of another server than the caller, one that is registered here. */
function isOfAnother({ principals }: DelegatedGrantParts['realm'], { token, callerId }: Presented): boolean {
  const claimed = claimedPrincipal(token)?.clientId
  return claimed !== undefined && claimed !== callerId && principals.find(claimed) !== undefined
}

/** A person whom the calling server names by a user token around its own actor token. */
async function proveNamed({ realm, clock, secure }: DelegatedGrantParts, { token, callerId }: Presented): Promise<ProvedPerson> {
  // Before anything of it is used up: whoever got hold of somebody else's must not be able to spend it.
  if (isOfAnother(realm, { token, callerId })) throw new DelegationRefused('user_token_not_of_caller')
  const accepted = await ownActorTokens(realm, clock)
    .validate(token, { secure })
    .catch((error: unknown) => {
      if (!(error instanceof ActorTokenError)) throw error
      const detail = error.detail === undefined ? error.code : `${error.code}: ${error.detail}`
      throw new DelegationRefused('user_token_refused', detail, { cause: error })
    })
  if (accepted.kind !== 'user') throw new DelegationRefused('user_token_refused', 'it names no user')
  const { actor, user, form, claims } = accepted
  if (actor.clientId !== callerId) throw new DelegationRefused('user_token_not_of_caller')
  if (form === 'unsigned') {
    const { jti } = actor
    noteDelegation({ actor: callerId, unsigned: { user: user.record.upn, ...(jti === undefined ? {} : { jti }) } })
  }
  // Checked by the library: numbers, or digits in a string (F 1.5).
  return { accountId: user.id, saidAt: Number(claims.nbf), shown: {} }
}
