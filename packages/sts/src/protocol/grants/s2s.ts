/**
 * s2s gives a server an actor token for another server, against an assertion that it signed with its own certificate.
 *
 * It owns the request, the order of the checks and the claims of the actor token. Checks: registered certificate, form,
 * times and audience of the assertion, single use of its `jti`, status and grant of the client, policy, and that the target
 * is registered and granted to this client. It does NOT look at people: an actor token names none, and who may be acted for
 * is decided where it is used (F 1.10) or in on-behalf-of.ts. Sources: [MS-XOAUTH] section 3.2.5, F 1.5-1.7, RFC 7523.
 * @module
 */
import {
  ActorTokenError,
  type AssertionValidator,
  formatPrincipal,
  parsePrincipal,
  type SelfIssuedAssertion,
} from '@postern/resource-server'
import type { ServicePrincipal } from '@postern/storage'
import type { Audit } from '../../audit/audit.ts'
import type { Clock } from '../../clock.ts'
import { assessProgram } from '../assurance.ts'
import { signJwt } from '../issued-jwt.ts'
import { actorTokenNumber, findTarget, isTrustedForDelegation, serviceIssuer, type Target } from '../principals.ts'
import type { RealmRuntime } from '../realm-parts.ts'
import { findParameter, type Parameters } from '../request-rewriting.ts'
import { defineGrant } from './define-grant.ts'
import { GrantRefused } from './errors.ts'

/** Seconds that an actor token lives: an hour at most (R71). */
export const actorTokenSeconds = 3600

/** What the client may be registered for, to use this grant. The first is the original's, the second RFC 7523's. */
export const actorGrantTypes = Object.freeze([
  'http://oauth.net/grant_type/jwt/1.0/bearer',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
])

/** One request for an actor token. */
export interface ActorTokenRequest {
  readonly runtime: RealmRuntime
  readonly grantType: string
  readonly parameters: Parameters
  readonly source: string | undefined
  readonly reference: string
}

export interface ActorTokenAnswer {
  readonly token: string
  readonly audience: string
  readonly issuedAt: Date
  readonly seconds: number
}

interface Actor {
  readonly assertion: SelfIssuedAssertion
  readonly principal: ServicePrincipal
}

interface Permit {
  readonly target: Target
  readonly delegated: boolean
  readonly jti: string
}

export interface ActorTokenGrantOptions {
  readonly clock: Clock
  readonly audit: Audit
  readonly baseUrl: string
  readonly newId: () => string
}

/** Whether a token request asks for an actor token. With `requested_token_use` it is another grant (F 3.3). */
export const asksForActorToken = (parameters: Parameters): boolean =>
  actorGrantTypes.includes(findParameter(parameters, 'grant_type') ?? '') &&
  findParameter(parameters, 'requested_token_use') === undefined

/**
 * Validates an assertion against the realm's registered certificates.
 * @throws {GrantRefused} `invalid_client`, with the reason in `detail` alone: an outsider learns nothing of who is registered (R35)
 */
export async function authenticatePrincipal(
  runtime: RealmRuntime,
  validator: AssertionValidator,
  presented: string,
): Promise<Actor> {
  let assertion: SelfIssuedAssertion
  try {
    assertion = await validator.validate(presented)
  } catch (error) {
    if (!(error instanceof ActorTokenError)) throw error
    throw new GrantRefused('invalid_client', `${error.code}${error.detail === undefined ? '' : `: ${error.detail}`}`, {
      cause: error,
    })
  }
  const principal = runtime.principals.find(assertion.clientId)
  if (principal === undefined) throw new GrantRefused('invalid_client', 'client_unknown')
  if (principal.client.status !== 'active')
    throw new GrantRefused('invalid_client', 'client_disabled', { clientId: assertion.clientId })
  return { assertion, principal }
}

/** Claims the assertion's number, where it has one. @throws {GrantRefused} `invalid_client`, when somebody has shown it before */
export async function useOnce(runtime: RealmRuntime, { clientId, jti, expiresAt }: SelfIssuedAssertion): Promise<void> {
  if (jti === undefined) return
  // Kept beyond its end for as long as another process's clock may be behind.
  const until = new Date(expiresAt.getTime() + 60_000)
  if (!(await runtime.store.replay.claim(`actor:${clientId}`, jti, until)))
    throw new GrantRefused('invalid_client', 'assertion_replayed', { clientId })
}

export function createActorTokenGrant(
  options: ActorTokenGrantOptions,
): (request: ActorTokenRequest) => Promise<ActorTokenAnswer> {
  const { clock, audit, baseUrl, newId } = options
  const targets = rememberTargets(baseUrl)
  return defineGrant<ActorTokenRequest, Actor, void, Permit, ActorTokenAnswer>({
    async authenticate({ runtime, parameters }) {
      const presented = findParameter(parameters, 'assertion')
      if (presented === undefined || presented === '') throw incomplete('assertion')
      if ((findParameter(parameters, 'resource') ?? '') === '') throw incomplete('resource')
      requireAgreement(parameters, 'realm', (named) => runtime.realmSpellings.includes(named.toLowerCase()))
      const actor = await authenticatePrincipal(runtime, runtime.assertions, presented)
      const { client } = actor.principal
      requireAgreement(parameters, 'client_id', (named) => parsePrincipal(named)?.clientId === client.id)
      if (!client.grantTypes.some((one) => actorGrantTypes.includes(one)))
        throw new GrantRefused('unauthorized_client', 'grant_not_allowed', { clientId: client.id })
      return actor
    },
    prove: ({ runtime }, { actor }) => useOnce(runtime, actor.assertion),
    async assess({ runtime, parameters, source }, { actor }) {
      const target = targets.find(runtime, findParameter(parameters, 'resource') ?? '')
      const occasion = {
        clientId: actor.principal.client.id,
        resource: target?.kind === 'resource' ? target.resource.audience : undefined,
        source,
      }
      if (assessProgram(runtime.policies, occasion) === 'blocked')
        throw new GrantRefused('unauthorized_client', 'policy_blocks', { clientId: occasion.clientId })
    },
    async cap({ runtime, parameters }, { actor }) {
      const { client } = actor.principal
      const target = targets.find(runtime, findParameter(parameters, 'resource') ?? '')
      if (target === undefined) throw new GrantRefused('invalid_resource', 'resource_unknown', { clientId: client.id })
      if (target.kind === 'resource' && !client.access.some((one) => one.resourceId === target.resource.id))
        throw new GrantRefused('invalid_resource', 'resource_not_granted', { clientId: client.id })
      return {
        target,
        delegated: isTrustedForDelegation(runtime.delegations, client.id, target),
        jti: actorTokenNumber(actor.assertion.x5t, newId()),
      }
    },
    async issue({ runtime }, { actor, permit }) {
      const issuedAt = clock()
      const iat = Math.floor(issuedAt.getTime() / 1000)
      const iss = serviceIssuer(runtime.realm)
      const { audience } = permit.target
      const claims = {
        aud: audience,
        iss,
        nbf: iat,
        exp: iat + actorTokenSeconds,
        nameid: formatPrincipal({ clientId: actor.principal.client.id, realm: runtime.realm.id }),
        identityprovider: iss,
        iat,
        jti: permit.jti,
        // A string, as on the wire (F 1.7); absent where nothing was granted.
        ...(permit.delegated ? { trustedfordelegation: 'true' } : {}),
      }
      const token = await signJwt(runtime.ring, { typ: 'JWT', x5t: true }, claims)
      return Object.freeze({ token, audience, issuedAt, seconds: actorTokenSeconds })
    },
    audit: ({ runtime, grantType, source, reference }, { actor, permit }) =>
      audit.record(runtime.store, {
        event: 'actor_token.issued',
        reference,
        clientId: actor.principal.client.id,
        ...(source === undefined ? {} : { source }),
        detail: {
          grantType,
          resource: permit.target.audience,
          jti: permit.jti,
          delegated: permit.delegated,
          x5t: actor.assertion.x5t,
        },
      }),
  })
}

/** How many names a realm's servers are asked for by; others are looked for each time. */
const mostTargets = 1000

/** The same few targets are asked for over and over. A runtime is replaced when anything of its realm changes, and this with it. */
function rememberTargets(baseUrl: string) {
  const known = new WeakMap<RealmRuntime, Map<string, Target>>()
  return {
    find(runtime: RealmRuntime, asked: string): Target | undefined {
      let targets = known.get(runtime)
      if (targets === undefined) {
        targets = new Map()
        known.set(runtime, targets)
      }
      const remembered = targets.get(asked)
      if (remembered !== undefined) return remembered
      const found = findTarget(asked, { ...runtime, baseUrl })
      if (found !== undefined && targets.size < mostTargets) targets.set(asked, found)
      return found
    },
  }
}

const incomplete = (name: string): GrantRefused =>
  new GrantRefused('invalid_request', `parameter_missing: ${name}`, { text: `parameter '${name}' is missing` })

/** An optional parameter may be left out, but must not say something else than the rest of the request. */
function requireAgreement(parameters: Parameters, name: string, agrees: (value: string) => boolean): void {
  const value = findParameter(parameters, name)
  if (value === undefined || value === '' || agrees(value)) return
  throw new GrantRefused('invalid_request', `parameter_disagrees: ${name}`, {
    text: `parameter '${name}' does not agree with the request`,
  })
}
