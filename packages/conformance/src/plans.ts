/**
 * The OpenID Foundation's certification plans, as lists of module ids, and which of our modules stand for them.
 *
 * It owns the ids. What a module checks is said beside it (`ids`); a self-run gives evidence, never a certificate.
 * Source: the Foundation's conformance suite, plans by name, as of its revision 12f2a4da.
 */
import type { ConformanceModule, Verdict } from './conformance-module.ts'
import type { ModuleResult } from './runner.ts'
import type { ResponseMode } from './target.ts'

export interface Plan {
  readonly name: string
  readonly title: string
  readonly ids: readonly string[]
  /** How its modules want authorization answers. */
  readonly responseMode: ResponseMode
}

const named = (prefix: string, names: string): readonly string[] =>
  Object.freeze(names.split(' ').map((one) => `${prefix}${one}`))

const BASIC = named(
  'oidcc-',
  'server response-type-missing idtoken-signature idtoken-unsigned userinfo-get userinfo-post-header userinfo-post-body ensure-request-without-nonce-succeeds-for-code-flow scope-profile scope-email scope-address scope-phone scope-all alternate-happy-flow display-page display-popup prompt-login prompt-none-not-logged-in prompt-none-logged-in max-age-1 max-age-10000 ensure-request-with-unknown-parameter-succeeds id-token-hint login-hint ui-locales claims-locales ensure-request-with-acr-values-succeeds codereuse codereuse-30seconds ensure-registered-redirect-uri ensure-post-request-succeeds server-client-secret-post request-uri-unsigned-supported-correctly-or-rejected-as-unsupported unsigned-request-object-supported-correctly-or-rejected-as-unsupported claims-essential ensure-request-object-with-redirect-uri refresh-token ensure-request-with-valid-pkce-succeeds',
)

const LOGOUT = [
  'oidcc-rp-initiated-logout',
  ...named(
    'oidcc-rp-initiated-logout-',
    'discovery-endpoint-verification bad-post-logout-redirect-uri modified-id-token-hint no-id-token-hint no-params no-post-logout-redirect-uri no-state only-state query-added-to-post-logout-redirect-uri bad-id-token-hint',
  ),
]

const DYNAMIC = named(
  'oidcc-',
  'idtoken-rs256 idtoken-unsigned userinfo-rs256 ensure-redirect-uri-in-authorization-request redirect-uri-query-OK redirect-uri-query-mismatch redirect-uri-query-added redirect-uri-regfrag discovery-endpoint-verification server registration-logo-uri registration-policy-uri registration-tos-uri registration-jwks-uri registration-sector-uri registration-sector-bad server-rotate-keys refresh-token-rp-key-rotation request-uri-unsigned request-uri-signed-rs256 ensure-request-object-with-redirect-uri refresh-token ensure-client-assertion-with-iss-aud-succeeds',
)

const plan = (name: string, title: string, ids: readonly string[], responseMode: ResponseMode = 'query'): Plan =>
  Object.freeze({ name, title, ids: Object.freeze([...ids]), responseMode })

/** The six plans that the kit has modules for. */
export const plans: readonly Plan[] = Object.freeze([
  plan('oidcc-basic-certification-test-plan', 'OpenID Connect Basic', BASIC),
  plan('oidcc-config-certification-test-plan', 'OpenID Connect Config', ['oidcc-discovery-endpoint-verification']),
  plan('oidcc-formpost-basic-certification-test-plan', 'OpenID Connect Form Post', BASIC, 'form_post'),
  plan('oidcc-rp-initiated-logout-certification-test-plan', 'RP-Initiated Logout', LOGOUT),
  plan('oidcc-backchannel-rp-initiated-logout-certification-test-plan', 'Back-Channel Logout', [
    'oidcc-backchannel-logout-discovery-endpoint-verification',
    'oidcc-backchannel-rp-initiated-logout',
  ]),
  plan('oidcc-dynamic-certification-test-plan', 'OpenID Connect Dynamic', DYNAMIC),
])

/** The ids that no module stands for, each with the reason. Nothing is missing silently: a test holds the two together. */
export const notTested: Readonly<Record<string, string>> = Object.freeze({
  'oidcc-server-rotate-keys':
    'nothing that a client can ask makes an issuer rotate its keys; an operator would have to, during the run',
})

/** A plan by its full name, or by the part that tells it apart (`basic`, `formpost-basic`, `dynamic`). */
export const findPlan = (name: string): Plan | undefined =>
  plans.find((one) => one.name === name || one.name === `oidcc-${name}-certification-test-plan`)

/** The modules that stand for the ids of a plan, in the order of the report. */
export const modulesOfPlan = (one: Plan, modules: readonly ConformanceModule[]): readonly ConformanceModule[] =>
  modules.filter(({ ids = [] }) => ids.some((id) => one.ids.includes(id)))

/** The ids of a plan that neither a module nor the table {@link notTested} accounts for. */
export const missingIds = (one: Plan, modules: readonly ConformanceModule[]): readonly string[] => {
  const carried = new Set([...modules.flatMap(({ ids = [] }) => ids), ...Object.keys(notTested)])
  return one.ids.filter((id) => !carried.has(id))
}

export interface JudgedId {
  readonly id: string
  /** The worst of the modules that stand for it; `not run` when none was, or when it is not tested. */
  readonly verdict: Verdict | 'not run'
}

/** Why an id has no verdict of its own: what its modules say that was skipped, or why it was not run. Empty where it has one. */
export function whyNot(one: Plan, id: string, results: readonly ModuleResult[]): readonly string[] {
  const standing = results.filter(({ ids, responseMode }) => responseMode === one.responseMode && ids.includes(id))
  if (standing.length === 0) return [notTested[id] ?? 'not chosen in this run']
  const skipped = standing.filter(({ verdict }) => verdict === 'skip')
  return [
    ...new Set(skipped.flatMap(({ findings }) => findings.flatMap(({ verdict, seen }) => (verdict === 'skip' ? [seen] : [])))),
  ]
}

const WORST_FIRST: readonly Verdict[] = ['fail', 'skip', 'warn', 'pass']

/** What a run says of a plan, id by id. A part that was skipped makes the id skipped: a plan wants all of it. */
export const judgePlan = (one: Plan, results: readonly ModuleResult[]): readonly JudgedId[] =>
  one.ids.map((id) => {
    const standing = results.filter(({ ids, responseMode }) => responseMode === one.responseMode && ids.includes(id))
    const verdict = WORST_FIRST.find((each) => standing.some((result) => result.verdict === each))
    return Object.freeze({ id, verdict: verdict ?? 'not run' })
  })
