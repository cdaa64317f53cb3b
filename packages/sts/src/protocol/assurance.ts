import type { Account, RealmStore } from '@postern/storage'
import {
  type AssuranceLevel,
  type Decision,
  decideEnforcement,
  demandsOf,
  type Enforced,
  evaluate,
  type Flow,
  isSatisfied,
  type Policy,
  type Requirement,
  requirementOf,
  satisfiesAcr,
  withoutCampaign,
} from '../policy/policy.ts'

/** What a request is about, as far as policy wants to know. */
export interface Occasion {
  readonly account: Account
  readonly clientId: string
  /** Audiences of all resources that the tokens would be for. */
  readonly resources: readonly string[]
  readonly source: string | undefined
  readonly flow: Exclude<Flow, 'client' | 'mail-app'>
  /** `amr` values shown so far. */
  readonly evidence: readonly string[]
}

/** The answer of {@link assess}: go on, stop, or show more first. */
export type Assurance =
  | Readonly<{ outcome: 'sufficient'; because: Decision['because'] }>
  | Readonly<{ outcome: 'blocked'; because: Decision['because'] }>
  | Readonly<{ outcome: 'missing'; missing: readonly Requirement[]; because: Decision['because'] }>

/** Nobody: no account has this id or name, and it is in no group, so conditions about persons match no program. */
const nobody = Object.freeze({ id: '', upn: '', groups: Object.freeze([]) })

/**
 * Asks policy about a program that wants a token for itself (RFC 6749 section 4.4). Only policies that block can apply, and
 * of these only such as are not for certain persons.
 */
export function assessProgram(
  policies: readonly Policy[],
  occasion: { readonly clientId: string; readonly resource: string | undefined; readonly source: string | undefined },
): 'sufficient' | 'blocked' {
  const { outcome } = evaluate(policies, {
    account: nobody,
    client: { id: occasion.clientId },
    resource: occasion.resource,
    source: occasion.source,
    flow: 'client',
    evidence: [],
  })
  return outcome === 'block' ? 'blocked' : 'sufficient'
}

/**
 * Asks policy about a mail app that came to a mail server with something right. What the app showed is all that it can show, so
 * whatever is missing blocks, also what an administrator demands of this account alone. Of an app that its owner let in, and of an app password, the evidence says `mfa`: either took a
 * second factor.
 */
export function assessMailApp(
  policies: readonly Policy[],
  occasion: {
    readonly account: Pick<Account, 'id' | 'upn' | 'groups' | 'status'> & {
      readonly enforcement?: Pick<NonNullable<Account['enforcement']>, 'state'>
    }
    /** The mail server that asks. */
    readonly clientId: string
    readonly resource: string | undefined
    readonly source: string | undefined
    readonly protocol: string
    readonly evidence: readonly string[]
  },
): Readonly<{ outcome: 'sufficient' | 'blocked'; because: Decision['because'] }> {
  const { account, clientId, resource, source, protocol, evidence } = occasion
  const { outcome, because } = evaluate(policies, {
    account: { id: account.id, upn: account.upn, groups: account.groups },
    client: { id: clientId },
    resource,
    source,
    flow: 'mail-app',
    protocol,
    evidence,
  })
  const isDemanded = account.enforcement?.state === 'enforced' && !isSatisfied('second-factor', evidence)
  const isEnough = outcome === 'allow' && account.status === 'active' && !isDemanded
  return Object.freeze({ outcome: isEnough ? 'sufficient' : 'blocked', because })
}

/**
 * The one place that asks policy about a live sign-in or token request of a person. Adds what the request itself demands: of the `acr` values that it
 * calls essential, or prefers, one must be reached (OpenID Connect Core section 5.5.1.1). And what an administrator demands of
 * this account alone: its state `enforced`, or `secondFactor` where the caller found that it may not be put off any more.
 */
export function assess(
  policies: readonly Policy[],
  occasion: Occasion,
  demanded: { acrValues: readonly string[]; acr: AssuranceLevel; secondFactor?: boolean },
): Assurance {
  const { account } = occasion
  const decide = (resource: string | undefined): Decision =>
    evaluate(policies, {
      account: { id: account.id, upn: account.upn, groups: account.groups },
      client: { id: occasion.clientId },
      ...(resource === undefined ? {} : { resource }),
      ...(occasion.source === undefined ? {} : { source: occasion.source }),
      flow: occasion.flow,
      evidence: occasion.evidence,
    })
  // One sign-in may be for several resources; it has to be good enough for each.
  const [first = decide(undefined), ...others] = occasion.resources.map(decide)
  const decisions = [first, ...others]
  const blocking = decisions.find((one) => one.outcome === 'block')
  const { because } = blocking ?? decisions.find((one) => one.outcome === 'require') ?? first
  if (account.status !== 'active' || blocking) return Object.freeze({ outcome: 'blocked', because })
  const missing = new Set<Requirement>(decisions.flatMap((one) => (one.outcome === 'require' ? one.missing : [])))
  const unmet = demanded.acrValues.length > 0 && !demanded.acrValues.some((one) => satisfiesAcr(one, demanded.acr))
  if (unmet) missing.add(requirementOf(demanded.acrValues))
  const demandedOfAccount = demanded.secondFactor === true || account.enforcement?.state === 'enforced'
  if (demandedOfAccount && !isSatisfied('second-factor', occasion.evidence)) missing.add('second-factor')
  return missing.size > 0
    ? Object.freeze({ outcome: 'missing', missing: Object.freeze(weakestFirst(missing)), because })
    : Object.freeze({ outcome: 'sufficient', because })
}

const weakestFirst = (missing: ReadonlySet<Requirement>): readonly Requirement[] =>
  [...missing].toSorted((one, other) => Number(one === 'phishing-resistant') - Number(other === 'phishing-resistant'))

/** What an administrator demands of this account alone. The campaign is read only where there is one to ask. */
export async function findEnforcement(store: RealmStore, { enforcement }: Account, now: Date): Promise<Enforced> {
  if (enforcement === undefined || enforcement.state === 'disabled') return { demand: 'nothing' }
  const { campaignId } = enforcement
  const campaign = campaignId === undefined ? undefined : await store.enforcement.findCampaign(campaignId)
  return decideEnforcement(enforcement, campaign ?? withoutCampaign, now)
}

/** What must stay bound: whatever any policy may ask this account for, at whichever app, and what its state demands. */
export function requirementsFor(policies: readonly Policy[], account: Account): readonly Requirement[] {
  const demanded = new Set(demandsOf(policies, { id: account.id, upn: account.upn, groups: account.groups }))
  if (account.enforcement?.state === 'enforced') demanded.add('second-factor')
  return Object.freeze(weakestFirst(demanded))
}
