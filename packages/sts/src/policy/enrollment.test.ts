import { describe, expect, test } from 'vitest'
import { decideEnrollment, type EnrollmentSignals } from './enrollment.ts'

const passwordOnly: EnrollmentSignals = {
  hasFactor: false,
  wasFactorShown: false,
  isTrustedNetwork: false,
  hasPermit: false,
  hasProposal: false,
}
const decide = (change: Partial<EnrollmentSignals>) => decideEnrollment({ ...passwordOnly, ...change })

describe('decideEnrollment', () => {
  test('lets nobody set up anything with a password alone', () => {
    expect(decide({})).toEqual({ may: 'nothing' })
  })

  test.each([
    [{ hasPermit: true }, 'access_pass'],
    [{ isTrustedNetwork: true }, 'trusted_network'],
    [{ isTrustedNetwork: true, hasPermit: true, hasProposal: true }, 'access_pass'],
  ] as const)('lets somebody without a factor set up a first one: %j', (change, because) => {
    expect(decide(change)).toEqual({ may: 'anything', kind: 'first', because })
  })

  test('lets a password confirm the number that an administrator entered, and nothing else', () => {
    expect(decide({ hasProposal: true })).toEqual({ may: 'proposed', kind: 'first' })
  })

  test('lets who has shown a factor set up another', () => {
    expect(decide({ hasFactor: true, wasFactorShown: true })).toEqual({
      may: 'anything',
      kind: 'further',
      because: 'factor_shown',
    })
  })

  test('takes neither network, pass nor proposal for a factor that the account has', () => {
    expect(decide({ hasFactor: true, isTrustedNetwork: true, hasPermit: true, hasProposal: true })).toEqual({ may: 'nothing' })
  })
})
