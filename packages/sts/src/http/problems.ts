import type { TextKey } from './messages/catalogue.ts'

/** Why a request was not even looked at. Closed: a new code does not compile until the table below answers it. */
export type RequestProblemCode =
  | 'malformed'
  | 'duplicate_parameter'
  | 'form_invalid'
  | 'form_not_ours'
  | 'too_large'
  | 'unsupported_media_type'
  | 'connection_closed'
  | 'not_found'
  | 'method_not_allowed'
  | 'too_many_requests'
  | 'busy'
  | 'unavailable'
  | 'fault'

/** What the person is told: a status, a title, and one paragraph with what to do next. */
export interface ProblemAnswer {
  readonly status: number
  readonly title: TextKey
  readonly text: TextKey
}

const answers = {
  malformed: { status: 400, title: 'problemTitleRequest', text: 'problemMalformed' },
  duplicate_parameter: { status: 400, title: 'problemTitleRequest', text: 'problemMalformed' },
  form_invalid: { status: 400, title: 'problemTitleRequest', text: 'problemFormInvalid' },
  form_not_ours: { status: 403, title: 'problemTitleStale', text: 'problemFormNotOurs' },
  too_large: { status: 413, title: 'problemTitleRequest', text: 'problemTooLarge' },
  unsupported_media_type: { status: 415, title: 'problemTitleRequest', text: 'problemMalformed' },
  connection_closed: { status: 400, title: 'problemTitleRequest', text: 'problemMalformed' },
  not_found: { status: 404, title: 'problemTitleNotFound', text: 'problemNotFound' },
  method_not_allowed: { status: 405, title: 'problemTitleNotFound', text: 'problemNotFound' },
  too_many_requests: { status: 429, title: 'problemTitleTooMany', text: 'problemTooMany' },
  busy: { status: 503, title: 'problemTitleBusy', text: 'problemBusy' },
  unavailable: { status: 503, title: 'problemTitleUnavailable', text: 'problemUnavailable' },
  fault: { status: 500, title: 'problemTitleFault', text: 'problemFault' },
} as const satisfies Record<RequestProblemCode, ProblemAnswer>

/** The one table from problem to page. */
export const problemAnswer = (code: RequestProblemCode): ProblemAnswer => answers[code]

/** A refusal by the kit itself: nothing was done. `detail` is for the log and never shown. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem'
  readonly code: RequestProblemCode
  readonly status: number
  readonly detail: string | undefined
  /** Seconds, for `too_many_requests`, `busy` and `unavailable`. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: RequestProblemCode, options: { detail?: string; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(code, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.status = answers[code].status
    this.detail = options.detail
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
