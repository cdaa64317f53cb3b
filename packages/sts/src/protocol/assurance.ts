import type { Account } from '@postern/storage'
import { type AssuranceLevel, type Decision, evaluate, type Policy, satisfiesAcr } from '../policy/policy.ts'

/** What a request is about, as far as policy wants to know. */
export interface Occasion {
  readonly account: Account
  readonly clientId: string
  /** Audiences of all resources that the tokens would be for. */
  readonly resources: readonly string[]
  readonly source: string | undefined
  readonly flow: 'authorization' | 'device' | 'refresh' | 'exchange'
  /** `amr` values shown so far. */
  readonly evidence: readonly string[]
}

/** The answer of {@link assess}: go on, stop, or show more first. */
export type Assurance =
  | Readonly<{ outcome: 'sufficient'; because: Decision['because'] }>
  | Readonly<{ outcome: 'blocked'; because: Decision['because'] }>
  | Readonly<{ outcome: 'missing'; missing: readonly string[]; because: Decision['because'] }>

/**
 * The one place that asks policy about a live request. Adds what the request itself demands: of the `acr` values that it
 * calls essential, or prefers, one must be reached (OpenID Connect Core section 5.5.1.1).
 */
export function assess(
  policies: readonly Policy[],
  occasion: Occasion,
  demanded: { acrValues: readonly string[]; acr: AssuranceLevel },
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
  const missing = new Set<string>(decisions.flatMap((one) => (one.outcome === 'require' ? one.missing : [])))
  const unmet = demanded.acrValues.length > 0 && !demanded.acrValues.some((one) => satisfiesAcr(one, demanded.acr))
  if (unmet) missing.add('second-factor')
  return missing.size > 0
    ? Object.freeze({ outcome: 'missing', missing: Object.freeze([...missing]), because })
    : Object.freeze({ outcome: 'sufficient', because })
}
