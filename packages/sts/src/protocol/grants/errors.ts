/** Why a server gets no actor token: OAuth's own words where there is one (RFC 6749 section 5.2), and that of F 1.5. */
export const grantRefusals = {
  invalid_request: { status: 400, text: 'the request is not complete or contradicts itself' },
  invalid_client: { status: 401, text: 'the assertion is not accepted' },
  invalid_resource: { status: 400, text: 'there is no such resource for this client' },
  unauthorized_client: { status: 400, text: 'this client may not do this' },
} as const satisfies Record<string, { readonly status: number; readonly text: string }>

export type GrantRefusalCode = keyof typeof grantRefusals

/** A refusal of a grant of ours. `message` goes out; `detail` is for the audit trail and the log only. */
export class GrantRefused extends Error {
  readonly code: GrantRefusalCode
  readonly detail: string
  /** Who was refused, where that is proved. */
  readonly clientId: string | undefined

  constructor(code: GrantRefusalCode, detail: string, options: { text?: string; clientId?: string; cause?: unknown } = {}) {
    super(options.text ?? grantRefusals[code].text, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'GrantRefused'
    this.code = code
    this.detail = detail
    this.clientId = options.clientId
  }
}
