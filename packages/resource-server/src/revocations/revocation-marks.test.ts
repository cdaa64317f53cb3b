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

test('what has no name of its own ends nothing, and is not taken for the name undefined', () => {
  const { end, isRevoked } = create()
  end({ ends: 'session', accountId: 'mary', at: noon })
  end({ ends: 'session', id: 'undefined', at: noon })
  expect(isRevoked({ accountId: 'mary', issuedAt: noon })).toBe(false)
  const nameless = create()
  nameless.end({ ends: 'session', at: noon })
  expect(nameless.isRevoked({ accountId: 'mary', sessionId: 'undefined', issuedAt: noon })).toBe(false)
})

test('the mark that goes for want of room is the one that was set longest ago, and that is told once', () => {
  const { end, isRevoked, problems } = create(2)
  for (const [at, accountId] of ['mary', 'joe', 'mary', 'ann', 'eve'].entries())
    end({ ends: 'account', accountId, at: noon + at })
  // Gone are joe (1) and mary (2), who was marked again after joe.
  expect(isRevoked({ accountId: 'somebody', issuedAt: noon + 2 })).toBe(true)
  expect(isRevoked({ accountId: 'somebody', issuedAt: noon + 3 })).toBe(false)
  expect(problems).toEqual(['more than 2 revocations at once: tokens from before the oldest are refused for all'])
  const again = create(2)
  for (const [at, accountId] of ['mary', 'joe', 'mary', 'ann'].entries()) again.end({ ends: 'account', accountId, at: noon + at })
  expect(again.isRevoked({ accountId: 'somebody', issuedAt: noon + 2 })).toBe(false)
})

test('a mark lasts to the second until no token from before it can live', () => {
  const { end, isRevoked } = create()
  end({ ends: 'account', accountId: 'mary', at: noon })
  end({ ends: 'account', accountId: 'joe', at: noon + day })
  expect(isRevoked(token)).toBe(true)
  // Told late, but not too late; and too late, behind one that lasts.
  end({ ends: 'account', accountId: 'ann', at: noon }, noon + day)
  end({ ends: 'account', accountId: 'eve', at: noon }, noon + day + 1)
  expect(isRevoked({ accountId: 'ann', issuedAt: noon })).toBe(true)
  expect(isRevoked({ accountId: 'eve', issuedAt: noon })).toBe(false)
})

test('the ends of apps take no room among the ends of tokens', () => {
  const { end, isRevoked, problems } = create(1)
  for (const id of ['a', 'b', 'c']) end({ ends: 'answers', accountId: 'mary', id, at: noon })
  expect(isRevoked({ accountId: 'joe', issuedAt: noon })).toBe(false)
  expect(problems).toEqual([])
})

test('answers of an account are asked for again for ten minutes, then nobody remembers one', () => {
  const { end, mustAskAgain } = create()
  end({ ends: 'answers', accountId: 'mary', at: noon })
  end({ ends: 'answers', accountId: 'joe', at: noon + 600 })
  expect(mustAskAgain('mary', noon * 1000)).toBe(true)
  end({ ends: 'answers', accountId: 'joe', at: noon + 601 })
  expect(mustAskAgain('mary', noon * 1000)).toBe(false)
  expect(mustAskAgain('ann', noon * 1000)).toBe(false)
})

test('without room for answers, those from before the oldest are asked for again for everybody', () => {
  const { end, mustAskAgain } = create(2)
  const mark = (accountId: string, at: number) => end({ ends: 'answers', accountId, at: noon + at })
  mark('mary', 0)
  mark('joe', 1)
  expect(mustAskAgain('somebody', noon * 1000)).toBe(false)
  mark('mary', 2)
  mark('ann', 3)
  // Gone is joe: mary was marked again.
  expect(mustAskAgain('somebody', (noon + 1) * 1000)).toBe(true)
  expect(mustAskAgain('somebody', (noon + 2) * 1000)).toBe(false)
  expect(mustAskAgain('mary', (noon + 2) * 1000)).toBe(true)
})

test('what may have been missed is asked for again for everybody', () => {
  const { forgetAnswers, mustAskAgain } = create()
  forgetAnswers(noon * 1000)
  expect(mustAskAgain('mary', noon * 1000)).toBe(true)
  expect(mustAskAgain('mary', noon * 1000 + 1)).toBe(false)
})
