import { RequestProblem } from '../http/problems.ts'

/** The hashing queue is full: the person is asked to try again, and nothing was changed. */
export function passOverload(cause: unknown): never {
  const seconds = cause instanceof Error && 'retryAfterSeconds' in cause ? cause.retryAfterSeconds : undefined
  if (typeof seconds === 'number') throw new RequestProblem('busy', { retryAfterSeconds: seconds, cause })
  throw cause
}
