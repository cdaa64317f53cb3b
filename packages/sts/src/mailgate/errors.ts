/**
 * `unknown_mail_server`: the caller did not prove to be a server that may ask. `protocol_not_served`: it may not ask about
 * this protocol. `request_malformed`: it asked in a form that is not ours. `activesync_query_malformed`: what its app asked
 * for is no ActiveSync query.
 */
export type MailgateErrorCode = 'unknown_mail_server' | 'protocol_not_served' | 'request_malformed' | 'activesync_query_malformed'

const statuses = {
  unknown_mail_server: 401,
  protocol_not_served: 403,
  request_malformed: 400,
  activesync_query_malformed: 400,
} as const satisfies Record<MailgateErrorCode, number>

/** A question that the gate does not answer. The message is for whoever runs the mail server; nothing of a secret is in it. */
export class MailgateError extends Error {
  readonly code: MailgateErrorCode
  readonly status: number
  /** Seconds until the next try is looked at, where too many came with a wrong secret. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: MailgateErrorCode, message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'MailgateError'
    this.code = code
    this.status = statuses[code]
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
