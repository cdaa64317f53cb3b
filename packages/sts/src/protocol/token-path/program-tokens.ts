/**
 * program-tokens gives a program its access token (client credentials, RFC 6749 section 4.4) by the short way: nothing of it
 * needs oidc-provider, a database transaction or a second look.
 *
 * It owns which requests go the short way: those that are plain and right. It refuses nothing and decides nothing anew: who a
 * client is, which resource and scopes it may have, what policy says and what a token claims is asked where oidc-provider's
 * way asks it too. A request that is anything else goes on to oidc-provider as if this file were not there.
 * @module
 */
import type { Resource } from '@postern/storage'
import type { Middleware } from 'koa'
import type { Audit } from '../../audit/audit.ts'
import type { Clock } from '../../clock.ts'
import { assessProgram } from '../assurance.ts'
import { type ClientRegistration, findActiveClient, provesItself, toRegistration } from '../clients.ts'
import { defineGrant } from '../grants/define-grant.ts'
import { findParameter } from '../request-rewriting.ts'
import { accepts, decideResource, findResource, findUngranted, grantableScopes } from '../resources.ts'
import { shapeTokenAnswer } from '../token-answer.ts'
import { shapeProgramToken } from './plain-tokens.ts'
import { createShortWay, LongWay, type ShortRequest } from './short-way.ts'
import { findShownSecret } from './shown-secret.ts'

const GRANT_TYPE = 'client_credentials'
/** Anything else in a form has a meaning that is not known here. */
const KNOWN: ReadonlySet<string> = new Set(['grant_type', 'client_id', 'client_secret', 'scope', 'resource'])
/** RFC 6749 section 3.3. */
const SCOPES = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/

interface Program {
  readonly clientId: string
  readonly registration: ClientRegistration
}

/** What is asked for: one resource, by scopes as the request spells them. */
interface Asked {
  readonly resource: Resource
  readonly scopes: readonly string[]
}

interface Permit {
  readonly resource: Resource
  /** In the spelling of the request. */
  readonly scope: string
}

interface ProgramAnswer {
  readonly body: string
  /** The scope that the token names. */
  readonly scope: string
  readonly jti: string
}

export interface ProgramTokensOptions {
  readonly clock: Clock
  readonly audit: Audit
}

/** The stage of protocol that answers plain requests of programs. */
export const createProgramTokens = (options: ProgramTokensOptions): Middleware =>
  createShortWay({ grantType: GRANT_TYPE, known: KNOWN, grant: createProgramGrant(options) })

function createProgramGrant({ clock, audit }: ProgramTokensOptions) {
  return defineGrant<ShortRequest, Program, Asked, Permit, ProgramAnswer>({
    async authenticate({ ctx, state }) {
      const shown = findShownSecret(ctx, state.parameters ?? [])
      if (shown === undefined) throw new LongWay()
      const found = await findActiveClient(state.runtime.store, shown.clientId)
      if (!found?.client.grantTypes.includes(GRANT_TYPE) || found.client.dpopBoundAccessTokens) throw new LongWay()
      const registration = toRegistration(found.client, found.credentials, clock())
      if (!provesItself(registration, shown)) throw new LongWay()
      return { clientId: found.client.id, registration }
    },
    async prove({ state: { runtime, parameters = [] } }, { actor }) {
      const scope = findParameter(parameters, 'scope')
      if (scope !== undefined && !SCOPES.test(scope)) throw new LongWay()
      const scopes = scope === undefined ? [] : scope.split(' ')
      const { access } = actor.registration
      if (findUngranted(runtime.resources, access, scopes) !== undefined) throw new LongWay()
      const named = findParameter(parameters, 'resource') ?? decideResource(runtime.resources, access, { scopes })
      const resource = typeof named === 'string' && isIndicator(named) ? findResource(runtime.resources, named) : undefined
      if (resource === undefined) throw new LongWay()
      return { resource, scopes }
    },
    async assess({ state: { runtime, source } }, { actor, proof }) {
      const occasion = { clientId: actor.clientId, resource: proof.resource.audience, source }
      if (assessProgram(runtime.policies, occasion) === 'blocked') throw new LongWay()
    },
    async cap(_request, { actor, proof }) {
      const { resource, scopes } = proof
      const { access } = actor.registration
      if (grantableScopes(resource, access).length === 0) throw new LongWay()
      return { resource, scope: [...new Set(scopes)].filter((one) => accepts(resource, access, one)).join(' ') }
    },
    async issue({ state }, { actor, permit: { resource, scope } }) {
      const now = clock()
      const occasion = { ...actor, runtime: state.runtime, iat: Math.floor(now.getTime() / 1000) }
      const token = shapeProgramToken(occasion, { resource, scope })
      const said = {
        access_token: await token.sign(),
        expires_in: token.seconds,
        ...(scope === '' ? {} : { scope }),
        token_type: 'Bearer',
      }
      const scopes = token.scope === '' ? [] : token.scope.split(' ')
      const shaped = shapeTokenAnswer(said, { v1: state.v1, now, resource: resource.audience, scopes })
      return { body: JSON.stringify(shaped), scope: token.scope, jti: token.jti }
    },
    audit: ({ state: { runtime, reference, source } }, { actor, permit, answer: { scope, jti } }) =>
      audit.record(runtime.store, {
        event: 'token.issued',
        reference,
        clientId: actor.clientId,
        ...(source ? { source } : {}),
        detail: { grantType: GRANT_TYPE, scope, refresh: false, resource: permit.resource.audience, jti },
      }),
  })
}

/** RFC 8707 section 2: an absolute URI without a fragment. */
function isIndicator(name: string): boolean {
  const href = URL.parse(name)?.href
  return href !== undefined && !href.includes('#')
}
