/**
 * What went over the wire while a module ran, written so that a report may be pasted into an issue.
 *
 * It owns the shape, the bounds and the redaction. It does not own who listens (target.ts) nor where it is kept (runner.ts).
 */

/** One request and its answer, redacted and bounded. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly requestBody: string
  /** 0 when no answer came. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The same before it was redacted. Never leaves the process. */
export interface RawExchange extends Omit<Exchange, 'headers'> {
  readonly headers: Headers | undefined
}
