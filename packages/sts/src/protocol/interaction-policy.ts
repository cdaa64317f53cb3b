/**
 * interaction-policy is THE DISPATCHER: the only place that decides what a sign-in still lacks.
 *
 * oidc-provider runs it at /authorize, at the device page, and again each time a step has ended. The first unmet prompt
 * wins: login, then assurance, then consent. It shows no page and knows no step; `signin/steps.ts` maps prompt and
 * reason to one.
 * @module
 */
import type { Account, RealmStore } from '@postern/storage'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { interactionPolicy } from 'oidc-provider'
import { acrOf } from '../policy/policy.ts'
import { type Assurance, assess } from './assurance.ts'
import type { ClientRegistration } from './clients.ts'
import type { KnownAccount } from './find-account.ts'
import { requestState } from './request-state.ts'

const { Check, Prompt, base } = interactionPolicy

/** Whether this person has an active second factor. Answered by the factors in use, handed in by compose. */
export type HasFactor = (realm: RealmStore, account: Account) => Promise<boolean>

export function createInteractionPolicy(options: { hasFactor: HasFactor }) {
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
  policy.add(assurancePrompt(options.hasFactor))
  policy.add(consentPrompt())
  return policy
}

/** `exhausted`: a second thing was shown in this session, and the demand is still not met. */
interface Found {
  readonly assurance: Assurance
  readonly enrolled: boolean
  readonly exhausted: boolean
}

function assurancePrompt(hasFactor: HasFactor) {
  const assurances = new WeakMap<object, Promise<Found>>()
  const look = (ctx: KoaContextWithOIDC) => {
    const known = assurances.get(ctx.oidc)
    if (known) return known
    const looking = assessSignIn(ctx, hasFactor)
    assurances.set(ctx.oidc, looking)
    return looking
  }
  const reason = (name: string, description: string, applies: (found: Found) => boolean) =>
    new Check(name, description, async (ctx) => applies(await look(ctx)))
  return new Prompt(
    { name: 'assurance' },
    async (ctx) => {
      const { assurance } = await look(ctx)
      return { because: assurance.because, missing: assurance.outcome === 'missing' ? assurance.missing : [] }
    },
    reason('blocked', 'policy blocks this sign-in', ({ assurance }) => assurance.outcome === 'blocked'),
    reason(
      'factor_missing',
      'a second factor must be set up',
      ({ assurance, enrolled, exhausted }) => assurance.outcome === 'missing' && !exhausted && !enrolled,
    ),
    reason(
      'factor_required',
      'a second factor is needed',
      ({ assurance, enrolled, exhausted }) => assurance.outcome === 'missing' && !exhausted && enrolled,
    ),
    reason(
      'insufficient',
      'what was shown is not enough, and asking for it again would not help',
      ({ assurance, exhausted }) => assurance.outcome === 'missing' && exhausted,
    ),
  )
}

async function assessSignIn(ctx: KoaContextWithOIDC, hasFactor: HasFactor): Promise<Found> {
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
  const meeting = (acrValues: readonly string[]) => assess(runtime.policies, occasion, { acrValues, acr: acrOf(shown) })
  const exhausted = shown.includes('mfa')
  const wanted = meeting([...preferredAcr(ctx), ...essentialAcr(ctx)])
  if (wanted.outcome !== 'missing') return { assurance: wanted, exhausted, enrolled: false }
  const enrolled = await hasFactor(runtime.store, record)
  // What the client merely prefers is asked for where it can be shown, and let go where it cannot.
  const assurance = exhausted || !enrolled ? meeting(essentialAcr(ctx)) : wanted
  return { assurance, exhausted, enrolled }
}

/** The `acr` values that the request would like (OpenID Connect Core section 3.1.2.1: a voluntary claim). */
const preferredAcr = (ctx: KoaContextWithOIDC): readonly string[] =>
  typeof ctx.oidc.params?.acr_values === 'string' ? ctx.oidc.params.acr_values.split(' ').filter((one) => one !== '') : []

/** The `acr` values of which the request insists on one (section 5.5.1.1). */
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
