import { Bench } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { createGuard } from '../guard.ts'
import { makeScene } from '../testing/scene.ts'
import { createTokenValidator } from '../validator.ts'
import type { IssuedToken } from './revocations-contract.ts'

test('a token is refused once what it came from has ended, remembered or not, and its claims say what to look for', async () => {
  const { scene, options } = makeScene()
  const bench = new Bench(scene)
  const asked: IssuedToken[] = []
  let isRevoked = false
  const revocations = {
    isRevoked(token: IssuedToken) {
      asked.push(token)
      return isRevoked
    },
    mustAskAgain: () => false,
  }
  const validator = createTokenValidator({ ...options, revocations })
  const guard = createGuard({ validator, challenge: { clientId: 'mail' } })
  const token = bench.signed({ payload: { sid: 'session-1', grant_id: 'family-1' } })
  expect((await guard.check(`Bearer ${token}`)).outcome).toBe('accepted')
  expect((await guard.check(`Bearer ${token}`)).outcome).toBe('accepted')
  const { sub, iat } = await validator.validate(token)
  const expected = { accountId: sub, issuedAt: iat, sessionId: 'session-1', clientId: 'outlook', familyId: 'family-1' }
  expect(asked).toEqual([expected, expected, expected])

  isRevoked = true
  const refused = await guard.check(`Bearer ${token}`)
  expect(refused).toMatchObject({ outcome: 'refused', status: 401, error: { code: 'token_revoked' } })
  await expect(createTokenValidator({ ...options, revocations }).validate(token)).rejects.toMatchObject({ code: 'token_revoked' })
})

test('only tokens that are good are looked up', async () => {
  const { scene, options } = makeScene()
  const asked: IssuedToken[] = []
  const isRevoked = (token: IssuedToken): boolean => asked.push(token) > 0
  const validator = createTokenValidator({ ...options, revocations: { isRevoked, mustAskAgain: () => false } })
  await expect(validator.validate(`${new Bench(scene).good}x`)).rejects.toMatchObject({
    code: expect.not.stringMatching('revoked'),
  })
  expect(asked).toEqual([])
})
