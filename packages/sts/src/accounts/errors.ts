import { NotEvaluated } from '@postern/mfa'

/** Too many passwords wait to be hashed. Nothing was checked; becomes 503 with `Retry-After`. */
export class Overloaded extends NotEvaluated {
  readonly code = 'overloaded'
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super('Too many sign-ins wait for their turn.')
    this.name = 'Overloaded'
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** `pepper_unknown`: a password was kept under another pepper than the configured one. `account_missing`: no such account. */
export type AccountsErrorCode = 'pepper_unknown' | 'account_missing'

export class AccountsError extends Error {
  readonly code: AccountsErrorCode

  constructor(code: AccountsErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'AccountsError'
    this.code = code
  }
}
