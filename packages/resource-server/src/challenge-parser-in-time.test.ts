import { expect, test } from 'vitest'
import { parseChallenges } from './challenge-parser.ts'
import { ChallengeError } from './errors.ts'

const megabyte = 1024 * 1024
const garbage: readonly [name: string, value: string][] = [
  ['commas', ','.repeat(megabyte)],
  ['spaces', ' '.repeat(megabyte)],
  ['letters', 'a'.repeat(megabyte)],
  ['a scheme and spaces', `Bearer ${' '.repeat(megabyte)}`],
  ['an open quote', `Bearer a="${'b'.repeat(megabyte)}`],
  ['backslashes', `Bearer a="${'\\\\'.repeat(megabyte / 2)}`],
  ['equals signs', `Bearer a${'='.repeat(megabyte)}b`],
  ['schemes', 'a,'.repeat(megabyte / 2)],
  ['spaced names', `Bearer ${'a  ,'.repeat(megabyte / 4)}`],
  ['parameters', `Bearer ${Array.from({ length: 80_000 }, (_, index) => `a${index}="b"`).join(',')}`],
  ['quotes', '"'.repeat(megabyte)],
]
test.for(garbage)('a megabyte of %s is over in one pass, and only ChallengeError is thrown', ([, value]) => {
  for (const limits of [{}, { longest: 2 * megabyte }]) {
    try {
      parseChallenges(value, limits)
    } catch (error) {
      expect(error).toBeInstanceOf(ChallengeError)
    }
  }
})
