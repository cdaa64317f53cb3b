/** What the kit itself may fail with. A target that misbehaves is a finding, never an error. */

/**
 * - `target_invalid`: an option is not a URL, or not one that may be tested (plain http beyond loopback).
 * - `target_unreachable`: no answer came, or none in time.
 * - `answer_too_large`: an answer exceeded the bound.
 * - `answer_malformed`: an answer that must be JSON is not.
 * - `not_given`: a module asked for what the developer did not give; the runner makes a skip of it.
 * - `wait_too_long`: a module would have to wait longer than this run may; the runner makes a skip of it.
 */
export type ConformanceErrorCode =
  | 'target_invalid'
  | 'target_unreachable'
  | 'answer_too_large'
  | 'answer_malformed'
  | 'not_given'
  | 'wait_too_long'

export class ConformanceError extends Error {
  override readonly name = 'ConformanceError'
  readonly code: ConformanceErrorCode

  constructor(code: ConformanceErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}
