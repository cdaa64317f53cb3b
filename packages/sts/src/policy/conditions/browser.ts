import type { Condition } from './condition.ts'

/**
 * Whether the browser is one that its owner asked us to remember after a second factor, which the evidence says as `rba`
 * (risk-based authentication, RFC 8176). A signal and no proof: it never makes `mfa` (NIST SP 800-63B-4 section 5.1).
 */
export const browser: Condition = {
  isValue: (value) => value === 'remembered',
  expects: '"remembered"',
  matcher:
    () =>
    ({ evidence }) =>
      evidence.has('rba'),
}
