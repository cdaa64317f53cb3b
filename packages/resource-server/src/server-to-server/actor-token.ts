/**
 * actor-token judges what a server presents to this server: an actor token by itself, or a user token with an actor token in it.
 *
 * It owns the order of the checks, what is granted here, and that every decision is told. Actor tokens: actor-tokens.ts. The token around
 * one: user-token.ts. People: user-lookup.ts. It does not speak HTTP, and it decides nothing about what a person may see.
 * @module
 */
import { createHash } from 'node:crypto'
import { machineClock } from '../clock.ts'
import { reasonOf } from '../errors.ts'
import { requireRange } from '../option-range.ts'
import { type ActingPartners, createActingPartners } from './acting-partners.ts'
import type { ActorRules, VerifiedActor } from './actor-claims.ts'
import { createStatusDesk, type StatusDesk } from './actor-status.ts'
import type {
  ActorPartner,
  ActorTokenAccepted,
  ActorTokenRequest,
  ActorTokenUse,
  ActorTokenUser,
  ActorTokenValidator,
  ActorTokenValidatorOptions,
} from './actor-token-contract.ts'
import { type ActorTokens, createActorTokens } from './actor-tokens.ts'
import { type CertifiedKey, requireSoundKey, requireValidity } from './certificates.ts'
import { ActorTokenError, quoted, refusal } from './errors.ts'
import { createIssuerSource, type IssuerSource } from './issuer-source.ts'
import { createPartnerMetadata } from './partner-metadata.ts'
import { requireComparableAudience } from './principal.ts'
import { type KnownHeaders, readServerToken, rememberHeader, requireSignature, type ServerToken } from './token-form.ts'
import { requireOpenUser, requireSameUser } from './user-lookup.ts'
import { readUserToken, requireBinding, type UserToken } from './user-token.ts'

/** What is known of a token so far, for the report. Only what was verified is written here. */
type Trail = { form: ActorTokenUse['form']; verified?: VerifiedActor; user?: string }

/** One presented token and what came with it. `now` in seconds. */
type Presented = Readonly<{ token: string; read: ServerToken; request: ActorTokenRequest; trail: Trail; now: number }>

type Parts<User extends ActorTokenUser> = Readonly<{
  options: ActorTokenValidatorOptions<User>
  rules: ActorRules
  toleranceSeconds: number
  trustedProviders: ReadonlySet<string>
  actors: ActorTokens
  partners: ActingPartners
  status: StatusDesk | undefined
  headers: KnownHeaders
}>

function readAudiences(audience: string | readonly string[], sources: ReadonlyMap<string, IssuerSource>): Map<string, string> {
  const realms = new Set([...sources.values()].map(({ realm }) => realm))
  const audiences = new Map<string, string>()
  for (const one of typeof audience === 'string' ? [audience] : audience) {
    const comparable = requireComparableAudience(one)
    const realm = comparable.slice(comparable.indexOf('@') + 1)
    if (!realms.has(realm)) throw new TypeError(`audience ${one} is of a realm without issuer`)
    audiences.set(comparable, realm)
  }
  if (audiences.size === 0) throw new TypeError('audience must not be empty')
  return audiences
}

function createSources<User extends ActorTokenUser>(
  options: ActorTokenValidatorOptions<User>,
): ReadonlyMap<string, IssuerSource> {
  const sources = new Map<string, IssuerSource>()
  for (const issuer of options.issuers) {
    const source = createIssuerSource(issuer, {
      clock: options.clock ?? machineClock,
      fetch: options.fetch ?? fetch,
      allowInsecureLoopback: options.allowInsecureLoopback ?? false,
      onProblem: options.onProblem ?? (() => undefined),
      keepKeys: options.keepKeys,
    })
    if (sources.has(source.principal)) throw new TypeError(`realm ${issuer.realm} is given twice`)
    sources.set(source.principal, source)
  }
  return sources
}

function createPartners<User extends ActorTokenUser>(
  options: ActorTokenValidatorOptions<User>,
  sources: ReadonlyMap<string, IssuerSource>,
): ActingPartners {
  const { partners, metadataHosts } = options
  const published = typeof partners !== 'function' && partners.some(({ metadataUrl }) => metadataUrl !== undefined)
  if (published && metadataHosts === undefined) throw new TypeError('metadataHosts must name the hosts of metadataUrl')
  const metadata = createPartnerMetadata({
    reading: {
      allowHosts: metadataHosts ?? [],
      allowPrivateNetwork: options.allowPrivateNetwork ?? false,
      allowInsecureLoopback: options.allowInsecureLoopback ?? false,
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    },
    clock: options.clock ?? machineClock,
    onProblem: options.onProblem ?? (() => undefined),
  })
  const realms = [...sources.values()].map(({ realm }) => realm)
  return createActingPartners(partners, metadata, realms)
}

/** Asked last, so that nothing goes over the network for a token that is refused anyway. */
async function requireStatus(status: StatusDesk, actorToken: string, now: number): Promise<void> {
  const checked = status.check(actorToken, now)
  const answer = checked instanceof Promise ? await checked : checked
  if (answer === 'inactive') throw refusal('token_withdrawn', 'actor token', 'the issuer says inactive')
  if (answer === 'unavailable') throw refusal('status_unavailable', 'actor token', 'the issuer does not answer')
}

/** What stands in for a signature: the switch of this partner, over TLS. */
function requireUnsignedAllowed(partner: ActorPartner, { secure }: ActorTokenRequest): void {
  if (partner.dangerouslyAcceptUnsignedUserTokens !== true) throw refusal('unsigned_not_allowed', 'user token', partner.clientId)
  if (secure !== true) throw refusal('connection_not_secure', 'user token', partner.clientId)
}

/** The signature by one of the partner's own certificates. */
function requireAuthorship(certificate: CertifiedKey, { read, now }: Presented, headers: KnownHeaders): void {
  requireValidity(certificate, 'user token', now)
  requireSoundKey(certificate.key)
  requireSignature(read, certificate.key, 'user token')
  rememberHeader(read, headers)
}

/** The service's word that it may act for people at all, and ours that it may here (R68). */
function requireActAs(partner: ActorPartner, verified: VerifiedActor, { read, request: { operation } }: Presented): void {
  const { actor, delegation } = verified
  if (!actor.trustedForDelegation) {
    const version = read.claims.ver === undefined ? '' : ` under ${quoted(read.claims.ver)}`
    throw refusal('delegation_missing', 'actor token', `trustedfordelegation is ${delegation}${version}`)
  }
  if (partner.actAs === undefined) throw refusal('act_as_not_granted', 'actor token', actor.nameid)
  const { operations } = partner.actAs
  if (operations !== undefined && (operation === undefined || !operations.includes(operation))) {
    throw refusal('operation_not_granted', 'actor token', `${operation ?? 'no operation'} by ${actor.nameid}`)
  }
}

async function requireFirstUse(
  oneTime: NonNullable<ActorTokenValidatorOptions<never>['oneTime']>,
  token: string,
  { jti, endsAt, claims: { iss } }: UserToken,
): Promise<void> {
  // A token without `jti` is known by its text: a signed one has no second text.
  const mark = jti === undefined ? `#${createHash('sha256').update(token).digest('base64url')}` : `=${jti}`
  if (!(await oneTime.claim(`${String(iss)} ${mark}`, new Date(endsAt * 1000)))) {
    throw refusal('token_replayed', 'user token', jti === undefined ? 'the same token' : 'the same jti')
  }
}

// In the two functions below nothing waits that need not: most answers are at hand, and each wait costs as much as a check.

async function acceptApp<User extends ActorTokenUser>(
  parts: Parts<User>,
  { token, read, trail, now }: Presented,
): Promise<ActorTokenAccepted<User>> {
  trail.form = 'app'
  const judged = parts.actors.verify(token, now, read)
  const verified = judged instanceof Promise ? await judged : judged
  trail.verified = verified
  const { actor } = verified
  const found = parts.partners.find(actor.clientId, actor.realm)
  const partner = parts.partners.requirePartner(found instanceof Promise ? await found : found, actor)
  if (partner.appOnly !== true) throw refusal('app_only_not_granted', 'actor token', actor.nameid)
  if (parts.status !== undefined) await requireStatus(parts.status, token, now)
  return Object.freeze({ kind: 'app', actor })
}

async function acceptUser<User extends ActorTokenUser>(
  parts: Parts<User>,
  presented: Presented,
  actorToken: string,
): Promise<ActorTokenAccepted<User>> {
  const { options, rules, partners } = parts
  const { token, read, request, trail, now } = presented
  const form = read.header.alg === 'none' ? 'unsigned' : 'signed'
  trail.form = form
  const judged = parts.actors.verify(actorToken, now)
  const verified = judged instanceof Promise ? await judged : judged
  trail.verified = verified
  const { actor } = verified
  requireBinding(read.claims, verified, rules)

  const found = partners.find(actor.clientId, actor.realm)
  const partner = partners.requirePartner(found instanceof Promise ? await found : found, actor)
  if (form === 'unsigned') requireUnsignedAllowed(partner, request)
  else {
    const key = partners.requireKey(partner, read.header.x5t)
    requireAuthorship(key instanceof Promise ? await key : key, presented, parts.headers)
  }
  const userToken = readUserToken(read.claims, verified, parts, now)
  trail.user = userToken.name
  requireActAs(partner, verified, presented)

  let named: User | undefined
  for (const context of userToken.contexts) {
    const matches = options.findUser(context, actor.realm)
    const asked = { context, of: userToken.contexts, realm: actor.realm }
    named = requireSameUser(matches instanceof Promise ? await matches : matches, asked, named)
  }
  const user = requireOpenUser(named)
  if (parts.status !== undefined) await requireStatus(parts.status, actorToken, now)
  if (options.oneTime !== undefined) await requireFirstUse(options.oneTime, token, userToken)
  return Object.freeze({ kind: 'user', actor, user, form, claims: userToken.claims })
}

function judge<User extends ActorTokenUser>(
  parts: Parts<User>,
  token: string,
  request: ActorTokenRequest,
  trail: Trail,
  now: number,
): Promise<ActorTokenAccepted<User>> {
  const read = readServerToken(token, 'user token', parts.headers)
  const presented: Presented = { token, read, request, trail, now }
  const { actortoken } = read.claims
  if (actortoken === undefined) {
    if (read.header.alg === 'none') throw refusal('algorithm_not_allowed', 'user token', 'alg "none" and no actor token')
    return acceptApp(parts, presented)
  }
  if (typeof actortoken !== 'string') throw refusal('claim_invalid', 'user token', 'actortoken is not a string')
  return acceptUser(parts, presented, actortoken)
}

function toUse({ form, verified, user }: Trail, at: Date, reason: ActorTokenUse['reason']): ActorTokenUse {
  const use: { -readonly [Name in keyof ActorTokenUse]: ActorTokenUse[Name] } = {
    at,
    outcome: reason === undefined ? 'allowed' : 'refused',
    form,
  }
  if (reason !== undefined) use.reason = reason
  if (verified !== undefined) {
    use.actor = verified.actor.nameid
    use.realm = verified.actor.realm
    use.audience = verified.audience
    if (verified.actor.jti !== undefined) use.jti = verified.actor.jti
  }
  if (user !== undefined) use.user = user
  return Object.freeze(use)
}

/**
 * Creates a validator; one for each server is enough, and all requests share it.
 * @throws {TypeError} if an option makes no sense, a listed partner has no realm where there are several issuers, or one certificate is
 * given to two partners
 */
export function createActorTokenValidator<User extends ActorTokenUser>(
  options: ActorTokenValidatorOptions<User>,
): ActorTokenValidator<User> {
  const clock = options.clock ?? machineClock
  const sources = createSources(options)
  const rules: ActorRules = Object.freeze({
    audiences: readAudiences(options.audience, sources),
    toleranceSeconds: requireRange('clockToleranceSeconds', options.clockToleranceSeconds ?? 30, 0, 300),
    maxActorSeconds: requireRange('maxActorSeconds', options.maxActorSeconds ?? 3600, 1, 3600),
  })
  const rememberTokens = requireRange('rememberTokens', options.rememberTokens ?? 1000, 0, 10_000_000)
  const onProblem = options.onProblem ?? (() => undefined)
  const parts: Parts<User> = Object.freeze({
    options,
    rules,
    toleranceSeconds: rules.toleranceSeconds,
    trustedProviders: new Set(options.trustedProviders ?? []),
    actors: createActorTokens(sources, rules, rememberTokens),
    partners: createPartners(options, sources),
    status: options.status === undefined ? undefined : createStatusDesk(options.status, onProblem),
    headers: new Map(),
  })

  function reportRefusal(trail: Trail, at: Date, reason: ActorTokenError['code']): void {
    try {
      options.onUse?.(toUse(trail, at, reason))
    } catch (cause) {
      // The refusal stands whatever becomes of its report.
      onProblem(`refusal not reported: ${reasonOf(cause)}`)
    }
  }

  return Object.freeze({
    async validate(token: string, request: ActorTokenRequest = {}) {
      const at = clock()
      const trail: Trail = { form: 'unknown' }
      let accepted: ActorTokenAccepted<User>
      try {
        accepted = await judge(parts, token, request, trail, Math.floor(at.getTime() / 1000))
      } catch (error) {
        if (error instanceof ActorTokenError) reportRefusal(trail, at, error.code)
        throw error
      }
      options.onUse?.(toUse(trail, at, undefined))
      return accepted
    },
    async prepare() {
      await Promise.all([...sources.values()].map((source) => source.prepare()))
    },
  })
}
