/** Every way in which the definition of a policy can be wrong. */
export type PolicyErrorCode = 'policy_invalid'

/** The definition of a policy does not mean anything. `problems` names each member that is wrong and what it must be. */
export class PolicyError extends Error {
  readonly code: PolicyErrorCode = 'policy_invalid'
  readonly problems: readonly string[]

  constructor(problems: readonly string[], options: { cause?: unknown } = {}) {
    super(`The policy is not valid: ${problems.join('; ')}.`, options)
    this.name = 'PolicyError'
    this.problems = Object.freeze([...problems])
  }
}
