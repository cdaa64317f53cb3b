import { createHash, timingSafeEqual } from 'node:crypto'
import { RequestProblem } from './problems.ts'

const digest = (value: string): Buffer => createHash('sha256').update(value).digest()

/**
 * Requires that a form came from a page of this very interaction (R20, R130). Takes the same time for every wrong
 * value of whatever length. Does NOT look at the Origin header: pages sent with `no-referrer` post with `Origin: null`.
 * @throws {RequestProblem} `form_not_ours`
 */
export function requireOurForm(sent: string, expected: string): void {
  if (expected === '') throw new TypeError('an interaction without a CSRF value protects nothing')
  if (!timingSafeEqual(digest(sent), digest(expected))) throw new RequestProblem('form_not_ours')
}
