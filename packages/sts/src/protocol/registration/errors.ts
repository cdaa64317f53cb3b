/** Why a client is not registered, or may not see its registration: RFC 7591 section 3.2.2, RFC 6750 section 3.1. */
export const registrationRefusals = {
  invalid_redirect_uri: { status: 400 },
  invalid_client_metadata: { status: 400 },
  invalid_token: { status: 401 },
  temporarily_unavailable: { status: 503 },
} as const satisfies Record<string, { readonly status: number }>

export type RegistrationRefusalCode = keyof typeof registrationRefusals

/** A refusal of registration. `message` goes out; it holds nothing of what was sent but names of members that are known. */
export class RegistrationRefused extends Error {
  override readonly name = 'RegistrationRefused'
  readonly code: RegistrationRefusalCode
  /** For the audit trail alone. */
  readonly detail: string

  constructor(code: RegistrationRefusalCode, message: string, options: { detail?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.detail = options.detail ?? message
  }
}
