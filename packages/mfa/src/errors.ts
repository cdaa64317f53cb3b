/**
 * A check that could not be made, e.g. because too many others wait. Nothing was learned about the secret, so the gate
 * gives the counted attempt back. Only those may throw it who are certain that the secret was not looked at.
 */
export abstract class NotEvaluated extends Error {
  abstract readonly code: string
}

/**
 * `already_bound`: the account has a factor, and nobody showed it before asking to bind a first one; or the credential is
 * bound to an account. `method_off`: the realm has switched the method off.
 */
export type FactorErrorCode = 'already_bound' | 'method_off'

/** A factor refuses to be bound. */
export class FactorError extends Error {
  readonly code: FactorErrorCode

  constructor(code: FactorErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'FactorError'
    this.code = code
  }
}
