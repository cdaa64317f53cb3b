export type StartErrorCode = 'port_taken' | 'port_forbidden' | 'worker_failed'

/** The service cannot start here. The message says what to do. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
  readonly code: StartErrorCode

  constructor(code: StartErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}
