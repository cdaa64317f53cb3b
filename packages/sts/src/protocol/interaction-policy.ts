/**
 * interaction-policy is THE DISPATCHER: the only place that decides what a sign-in still lacks.
 *
 * oidc-provider runs it at /authorize, at the device page, and again each time a step has ended. The first unmet prompt
 * wins: login, then assurance, then consent. It shows no page and knows no step; `signin/steps.ts` maps prompt and
 * reason to one.
 * @module
 */
import type { AccountId, RealmSettings, RealmStore } from '@postern/storage'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { interactionPolicy } from 'oidc-provider'
import type { Clock } from '../clock.ts'
import { acrOf, type Requirement } from '../policy/policy.ts'
import { type Assurance, assess, findEnforcement } from './assurance.ts'
import type { ClientRegistration } from './clients.ts'
import type { KnownAccount } from './find-account.ts'
import type { AssuranceReason } from './interactions.ts'
import { requestState } from './request-state.ts'

const { Check, Prompt, base } = interactionPolicy

/** What each factor that this person has bound, and that the realm allows, would be good for. Handed in by compose. */
export type FindStrengths = (
  realm: RealmStore,
  accountId: AccountId,
  settings: Pick<RealmSettings, 'disabledMethods'>,
) => Promise<readonly Requirement[]>

export interface InteractionPolicyParts {
  readonly strengths: FindStrengths
  readonly clock: Clock
}

export function createInteractionPolicy(parts: InteractionPolicyParts) {
  const policy = base()
  const login = policy.get('login')
  // Demands on `acr` are met by showing more, not by typing the password again: assurance below asks for them.
  login?.checks.remove('essential_acrs')
  login?.checks.remove('essential_acr')
  // The session names somebody who may not use it any more: disabled, removed, or signed out everywhere since.
  login?.checks.add(
    new Check(
      'session_void',
      'the session does not count any more',
      (ctx) => ctx.oidc.session?.accountId !== undefined && !ctx.oidc.account,
    ),
  )
  policy.remove('consent')
  policy.add(assurancePrompt(parts))
  policy.add(consentPrompt())
  return policy
}

/** `undefined`: nothing is missing and nothing is offered. */
type Found = Readonly<{ assurance: Assurance; reason: AssuranceReason | undefined }>

function assurancePrompt(parts: InteractionPolicyParts) {
  const looked = new WeakMap<object, Promise<Found>>()
  const look = (ctx: KoaContextWithOIDC) => {
    const known = looked.get(ctx.oidc)
    if (known) return known
    const looking = assessSignIn(ctx, parts)
    looked.set(ctx.oidc, looking)
    return looking
  }
  const reason = (name: AssuranceReason, description: string) =>
    new Check(name, description, async (ctx) => (await look(ctx)).reason === name)

  return new Prompt(
    { name: 'assurance' },
    async (ctx) => {
      const { assurance } = await look(ctx)
      return { because: assurance.because, missing: assurance.outcome === 'missing' ? assurance.missing : [] }
    },
    reason('blocked', 'policy blocks this sign-in'),
    reason('factor_missing', 'a second factor must be set up'),
    reason('factor_required', 'a second factor is needed'),
    reason('factor_offered', 'a second factor is asked for, and may be put off'),
    reason('insufficient', 'what was shown is not enough, and asking for it again would not help'),
  )
}

async function assessSignIn(ctx: KoaContextWithOIDC, { strengths, clock }: InteractionPolicyParts): Promise<Found> {
  const { runtime, source } = requestState()
  const { oidc } = ctx
  // The login prompt comes first, so there is an account by now.
  const record = (oidc.account as KnownAccount | undefined)?.record
  if (!record) throw new TypeError('assurance was asked for before anybody signed in')
  const shown = oidc.session?.amr ?? []
  const occasion = {
    account: record,
    clientId: oidc.client?.clientId ?? '',
    resources: Object.keys(oidc.resourceServers ?? {}),
    source,
    flow: oidc.route.startsWith('device') || oidc.route.startsWith('code_') ? ('device' as const) : ('authorization' as const),
    evidence: shown,
  }
  const enforced = await findEnforcement(runtime.store, record, clock())
  const secondFactor = enforced.demand === 'second-factor'
  const meeting = (acrValues: readonly string[]) =>
    assess(runtime.policies, occasion, { acrValues, acr: acrOf(shown), secondFactor })

  const essential = essentialAcr(ctx)
  const wanted = meeting([...preferredAcr(ctx), ...essential])
  if (wanted.outcome === 'blocked') return { assurance: wanted, reason: 'blocked' }
  if (wanted.outcome === 'sufficient' && enforced.demand === 'nothing') return { assurance: wanted, reason: undefined }

  const bound = await strengths(runtime.store, record.id, runtime.realm.settings)
  if (wanted.outcome === 'sufficient') {
    const isAsked = enforced.demand === 'offer' && bound.length === 0 && !hasPostponed(oidc.result)
    return { assurance: wanted, reason: isAsked ? 'factor_offered' : undefined }
  }
  // What the client merely prefers is asked for where it can be shown, and let go where it cannot.
  const assurance =
    decideReason(wanted.missing, bound, shown) === 'factor_required' && canMeet(wanted.missing, bound)
      ? wanted
      : meeting(essential)
  if (assurance.outcome !== 'missing') return { assurance, reason: assurance.outcome === 'blocked' ? 'blocked' : undefined }
  return { assurance, reason: decideReason(assurance.missing, bound, shown) }
}

const strongest = (missing: readonly Requirement[]): Requirement | undefined => missing.at(-1)

const canMeet = (missing: readonly Requirement[], bound: readonly Requirement[]): boolean =>
  strongest(missing) === 'phishing-resistant' ? bound.includes('phishing-resistant') : bound.length > 0

/**
 * What is to be done about what is missing. A factor is bound only by somebody who has none, or has just shown the one that
 * there is (R121). Pure.
 */
export function decideReason(
  missing: readonly Requirement[],
  bound: readonly Requirement[],
  shown: readonly string[],
): 'factor_required' | 'factor_missing' | 'insufficient' {
  const isShown = shown.includes('mfa')
  if (canMeet(missing, bound)) {
    const wasTried = strongest(missing) === 'phishing-resistant' ? shown.includes('hwk') || shown.includes('swk') : isShown
    return wasTried ? 'insufficient' : 'factor_required'
  }
  if (bound.length > 0) return isShown ? 'factor_missing' : 'factor_required'
  // Something was shown that nothing is bound for, e.g. an access pass; if that is not enough, more of it is not either.
  return isShown && strongest(missing) === 'second-factor' ? 'insufficient' : 'factor_missing'
}

/** Set by `postpone` of interactions-of-provider.ts. */
const hasPostponed = (result: unknown): boolean => (result as { postponed?: unknown } | undefined)?.postponed === true

/** The `acr` values that the request would like (OpenID Connect Core section 3.1.2.1: a voluntary claim). */
const preferredAcr = (ctx: KoaContextWithOIDC): readonly string[] =>
  typeof ctx.oidc.params?.acr_values === 'string' ? ctx.oidc.params.acr_values.split(' ').filter((one) => one !== '') : []

/**
 * The `acr` values of which the request insists on one (section 5.5.1.1); those of a mail API's challenge were put there by
 * request-rewriting.ts.
 */
function essentialAcr(ctx: KoaContextWithOIDC): readonly string[] {
  const claimed = ctx.oidc.claims.id_token?.acr
  const values = claimed?.essential ? [claimed.value, ...(claimed.values ?? [])] : []
  return values.filter((one): one is string => typeof one === 'string' && one !== '')
}

function consentPrompt() {
  return new Prompt(
    { name: 'consent', requestable: true },
    new Check('client_unassured', 'this client is confirmed by the person each time', (ctx) => {
      const registration = ctx.oidc.client?.postern as ClientRegistration | undefined // set by clients.ts
      return registration?.consent === 'explicit' && !ctx.oidc.result?.consent
    }),
  )
}
