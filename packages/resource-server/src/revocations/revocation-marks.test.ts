import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRevocationMarks, type EndedAccess } from './revocation-marks.ts'

const noon = 1_800_000_000
const day = 86_400
const create = (most = 100) => {
  const problems: string[] = []
  const marks = createRevocationMarks({ longestTokenLife: day, most, onProblem: (problem) => problems.push(problem) })
  return { ...marks, problems, end: (ended: EndedAccess, at = ended.at) => marks.mark(ended, at * 1000) }
}
const token = { accountId: 'mary', sessionId: 's1', clientId: 'outlook', familyId: 'f1', issuedAt: noon }

test('what ends an account takes every token of it that was issued until then, and none after', () => {
  const { end, isRevoked } = create()
  expect(isRevoked(token)).toBe(false)
  end({ ends: 'account', accountId: 'mary', at: noon })
  expect(isRevoked(token)).toBe(true)
  expect(isRevoked({ ...token, issuedAt: noon + 1 })).toBe(false)
  expect(isRevoked({ ...token, accountId: 'joe' })).toBe(false)
})

test.for([
  ['session', 's1', { sessionId: 's2' }],
  ['family', 'f1', { familyId: 'f2' }],
  ['client', 'outlook', { clientId: 'other' }],
] as const)('the end of a %s takes the tokens of that one alone', ([ends, id, other]) => {
  const { end, isRevoked } = create()
  end({ ends, id, accountId: 'mary', at: noon })
  expect(isRevoked(token)).toBe(true)
  expect(isRevoked({ ...token, ...other })).toBe(false)
  expect(isRevoked({ accountId: 'mary', issuedAt: noon })).toBe(false)
})

test('a name of one sort is never taken for the same name of another', () => {
  const { end, isRevoked } = create()
  end({ ends: 'session', id: 'x', at: noon })
  expect(isRevoked({ accountId: 'x', clientId: 'x', familyId: 'x', issuedAt: noon })).toBe(false)
})

test('an event that is told again, or late, does not give a token back', () => {
  const { end, isRevoked } = create()
  end({ ends: 'account', accountId: 'mary', at: noon + 10 })
  end({ ends: 'account', accountId: 'mary', at: noon - 10 }, noon + 20)
  expect(isRevoked({ ...token, issuedAt: noon + 10 })).toBe(true)
})

test('every end of something of an account makes its answers be asked for again, by the time of this process', () => {
  const { end, mustAskAgain } = create()
  end({ ends: 'answers', accountId: 'mary', at: noon }, noon + 100)
  expect(mustAskAgain('mary', (noon + 100) * 1000)).toBe(true)
  expect(mustAskAgain('mary', (noon + 100) * 1000 + 1)).toBe(false)
  expect(mustAskAgain('joe', noon * 1000)).toBe(false)
  end({ ends: 'client', id: 'outlook', at: noon + 200 })
  expect(mustAskAgain('joe', (noon + 200) * 1000)).toBe(true)
})

test('app passwords and mail apps end no tokens', () => {
  const { end, isRevoked } = create()
  end({ ends: 'answers', accountId: 'mary', at: noon })
  expect(isRevoked(token)).toBe(false)
})

test('marks are dropped when no token from before them can be alive', () => {
  const { end, isRevoked, problems } = create(1)
  end({ ends: 'account', accountId: 'mary', at: noon })
  end({ ends: 'account', accountId: 'joe', at: noon + day + 1 })
  expect(isRevoked(token)).toBe(false)
  expect(problems).toEqual([])
})

test('without room, the oldest mark becomes one for everybody: rather a token too few than one too many', () => {
  const { end, isRevoked, problems } = create(2)
  for (const [at, accountId] of ['mary', 'joe', 'ann'].entries()) end({ ends: 'account', accountId, at: noon + at })
  expect(isRevoked(token)).toBe(true)
  expect(isRevoked({ accountId: 'somebody', issuedAt: noon })).toBe(true)
  expect(isRevoked({ accountId: 'somebody', issuedAt: noon + 1 })).toBe(false)
  expect(problems).toHaveLength(1)
})

test('whatever ends in whatever order and room, no token of it comes back while it could live', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const ends = fc.array(fc.record({ name: names, after: fc.nat(50) }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(ends, fc.integer({ min: 1, max: 4 }), (all, most) => {
      const { end, isRevoked, mustAskAgain } = create(most)
      let at = noon
      const ended: { name: string; at: number }[] = []
      for (const { name, after } of all) {
        at += after
        end({ ends: 'account', accountId: name, at })
        ended.push({ name, at })
      }
      return ended.every((one) => isRevoked({ accountId: one.name, issuedAt: one.at }) && mustAskAgain(one.name, one.at * 1000))
    }),
  )
})
