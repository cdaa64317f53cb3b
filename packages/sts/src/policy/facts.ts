import { type IpAddress, parseAddress } from './conditions/ip-address.ts'
import { isSatisfied, requirementNames } from './requirements.ts'
import type { Signals } from './signals.ts'

/**
 * Signals as conditions and requirements look at them. A hundred policies may look at the same signal, so each is brought into
 * the form that is compared once for a decision. Made by {@link factsOf}, and not kept beyond it.
 */
export interface Facts {
  readonly signals: Signals
  /** The id and the user principal name of the account, in lower case. */
  readonly accountNames: readonly [string, string]
  /** In lower case. */
  readonly groups: readonly string[]
  /** `undefined`: not known, or no address. */
  readonly source: IpAddress | undefined
  readonly evidence: ReadonlySet<string>
  /** Which of all requirements the evidence does not meet, as one text: where it is equal, every policy lacks the same. */
  readonly lacking: string
}

export function factsOf(signals: Signals): Facts {
  const evidence = new Set(signals.evidence)
  return {
    signals,
    accountNames: [signals.account.id.toLowerCase(), signals.account.upn.toLowerCase()],
    groups: signals.account.groups.map((group) => group.toLowerCase()),
    source: signals.source === undefined ? undefined : parseAddress(signals.source),
    evidence,
    lacking: requirementNames.filter((requirement) => !isSatisfied(requirement, evidence)).join(),
  }
}
