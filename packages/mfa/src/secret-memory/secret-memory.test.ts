import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CheckedSecret, createSecretMemory, type SecretMemory } from './secret-memory.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
let seconds = 0
const clock = () => new Date(start + seconds * 1000)
const key = new Uint8Array(32).fill(7)
const newMemory = (own: Partial<Parameters<typeof createSecretMemory>[0]> = {}): SecretMemory => {
  seconds = 0
  return createSecretMemory({ clock, key, ...own })
}

const tried: CheckedSecret = { purpose: 'password', subject: 'mary', version: 'hash', secret: 'horse', place: 'phone' }
const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 })
const secrets: fc.Arbitrary<CheckedSecret> = fc.record({ purpose: word, subject: word, version: word, secret: word, place: word })

describe('a right answer', () => {
  test('holds until its time ends, however often it is asked for', () => {
    const memory = newMemory({ rightSeconds: 60 })
    memory.remember(tried, 'right')
    for (seconds = 0; seconds < 60; seconds += 1) expect(memory.find(tried)).toEqual({ answer: 'right' })
    expect(memory.find(tried)).toBeUndefined()
  })

  test('is nothing before it was learned, as clocks are put back', () => {
    const memory = newMemory()
    memory.remember(tried, 'right')
    seconds = -1
    expect(memory.find(tried)).toBeUndefined()
  })

  test('is known at the place that showed it, and at no other', () => {
    const memory = newMemory()
    memory.remember(tried, 'right')
    expect(memory.find({ ...tried, place: 'elsewhere' })).toBeUndefined()
    expect(memory.find(tried)).toEqual({ answer: 'right' })
  })

  test('is forgotten after five looks with other secrets there, so that nobody guesses at it uncounted', () => {
    const memory = newMemory()
    memory.remember(tried, 'right')
    for (let guess = 0; guess < 4; guess += 1) expect(memory.find({ ...tried, secret: `guess ${guess}` })).toBeUndefined()
    expect(memory.find(tried)).toEqual({ answer: 'right' })
    expect(memory.find({ ...tried, secret: 'one more' })).toBeUndefined()
    expect(memory.find(tried)).toBeUndefined()
    memory.remember(tried, 'right')
    expect(memory.find(tried)).toEqual({ answer: 'right' })
  })

  test('outlives any number of looks with a secret that is known to be wrong, and looks from elsewhere', () => {
    const memory = newMemory()
    memory.remember(tried, 'right')
    memory.remember({ ...tried, secret: 'old' }, 'wrong')
    for (let time = 0; time < 50; time += 1) {
      expect(memory.find({ ...tried, secret: 'old' })).toEqual({ answer: 'wrong', times: 1 })
      memory.find({ ...tried, secret: `guess ${time}`, place: 'elsewhere' })
    }
    expect(memory.find(tried)).toEqual({ answer: 'right' })
  })

  test('of a new version takes the place of the old one', () => {
    const memory = newMemory()
    memory.remember(tried, 'right')
    memory.remember({ ...tried, version: 'new hash', secret: 'zebra' }, 'right')
    expect(memory.find(tried)).toBeUndefined()
    expect(memory.find({ ...tried, version: 'new hash', secret: 'zebra' })).toEqual({ answer: 'right' })
  })

  test('takes back a wrong one', () => {
    const memory = newMemory()
    memory.remember(tried, 'wrong')
    memory.remember(tried, 'right')
    expect(memory.find(tried)).toEqual({ answer: 'right' })
  })
})

describe('a wrong answer', () => {
  test('is known wherever the secret comes from, and tells how often it was given', () => {
    const memory = newMemory()
    for (let times = 1; times <= 4; times += 1) {
      memory.remember(tried, 'wrong')
      expect(memory.find({ ...tried, place: `place ${times}` })).toEqual({ answer: 'wrong', times })
    }
  })

  test('is over a day after its first time, however often it came', () => {
    const memory = newMemory()
    for (seconds = 0; seconds < 86_400; seconds += 600) {
      memory.remember(tried, 'wrong')
      expect(memory.find(tried)).toMatchObject({ answer: 'wrong' })
    }
    expect(memory.find(tried)).toBeUndefined()
    memory.remember(tried, 'wrong')
    expect(memory.find(tried)).toEqual({ answer: 'wrong', times: 1 })
  })

  test('pushes out no right one, however many come', () => {
    const memory = newMemory({ most: 10 })
    memory.remember(tried, 'right')
    for (let count = 0; count < 100; count += 1) memory.remember({ ...tried, secret: `${count}` }, 'wrong')
    expect(memory.find(tried)).toEqual({ answer: 'right' })
  })
})

describe('whatever is remembered', () => {
  test('hangs on purpose, subject, version and secret, each of them', () => {
    fc.assert(
      fc.property(
        secrets,
        fc.constantFrom('purpose', 'subject', 'version', 'secret'),
        word,
        fc.constantFrom('right', 'wrong'),
        (one, part, other, answer) => {
          fc.pre(one[part as keyof CheckedSecret] !== other)
          const memory = newMemory()
          memory.remember(one, answer)
          expect(memory.find({ ...one, [part]: other })).toBeUndefined()
          expect(memory.find(one)).toMatchObject({ answer })
        },
      ),
    )
  })

  test('is not found by moving a letter from one part to the next', () => {
    fc.assert(
      fc.property(word, word, word, (subject, letter, version) => {
        const memory = newMemory()
        memory.remember({ ...tried, subject: subject + letter, version }, 'wrong')
        expect(memory.find({ ...tried, subject, version: letter + version })).toBeUndefined()
      }),
    )
  })

  test('stays within its bounds, and no answer outlives its time, in any order of things', () => {
    const happenings = fc.array(
      fc.record({
        does: fc.constantFrom('right', 'wrong', 'find'),
        secret: fc.integer({ min: 0, max: 30 }),
        place: fc.integer({ min: 0, max: 5 }),
        pass: fc.integer({ min: 0, max: 40 }),
      }),
      { maxLength: 200 },
    )
    const nameOf = (answer: string, secret: number, place: number) => `${answer} ${secret} ${answer === 'right' ? place : ''}`
    fc.assert(
      fc.property(happenings, fc.integer({ min: 0, max: 12 }), (story, most) => {
        const memory = newMemory({ most, rightSeconds: 50, wrongSeconds: 100 })
        const learned = new Map<string, number>()
        for (const { does, secret, place, pass } of story) {
          seconds += pass
          const one = { ...tried, secret: `${secret}`, place: `${place}` }
          if (does === 'find') {
            const found = memory.find(one)
            if (found === undefined) continue
            const at = learned.get(nameOf(found.answer, secret, place)) ?? Number.NEGATIVE_INFINITY
            expect(seconds - at).toBeLessThan(found.answer === 'right' ? 50 : 100)
          } else {
            memory.remember(one, does)
            learned.set(nameOf(does, secret, place), seconds)
          }
          expect(memory.size).toBeLessThanOrEqual(2 * most)
        }
      }),
    )
  })

  test('that was used lately survives what comes in between', () => {
    const memory = newMemory({ most: 10 })
    memory.remember(tried, 'right')
    for (let count = 0; count < 200; count += 1) {
      memory.remember({ ...tried, subject: `person ${count}` }, 'right')
      expect(memory.find(tried)).toEqual({ answer: 'right' })
    }
    expect(memory.find({ ...tried, subject: 'person 0' })).toBeUndefined()
  })

  test('tells nothing to a memory with another key', () => {
    const kept: string[] = []
    const spied = (own: Uint8Array) => {
      const set = Map.prototype.set
      Map.prototype.set = function (this: Map<unknown, unknown>, name: unknown, value: unknown) {
        kept.push(JSON.stringify([name, value]))
        return set.call(this, name, value)
      }
      try {
        newMemory({ key: own }).remember(tried, 'right')
      } finally {
        Map.prototype.set = set
      }
    }
    spied(key)
    spied(new Uint8Array(32).fill(8))
    expect(kept).toHaveLength(2)
    expect(kept[0]).not.toEqual(kept[1])
    expect(kept.join()).not.toMatch(/horse|mary|phone/)
  })

  test('is nothing in a memory of no size', () => {
    const memory = newMemory({ most: 0 })
    memory.remember(tried, 'right')
    memory.remember(tried, 'wrong')
    expect([memory.find(tried), memory.size]).toEqual([undefined, 0])
  })
})

describe('misuse', () => {
  test.each([
    ['a short key', { key: new Uint8Array(31) }],
    ['a right answer for longer than five minutes', { rightSeconds: 301 }],
    ['a wrong answer for longer than a day', { wrongSeconds: 86_401 }],
    ['no time at all', { rightSeconds: 0 }],
    ['half a second', { wrongSeconds: 0.5 }],
    ['a negative number of answers', { most: -1 }],
    ['an endless number of answers', { most: Number.POSITIVE_INFINITY }],
  ])('is a TypeError: %s', (_what, own) => {
    expect(() => newMemory(own)).toThrow(TypeError)
  })

  test.each(['purpose', 'subject', 'version'])('is a TypeError: an answer that hangs on no %s', (part) => {
    expect(() => newMemory().remember({ ...tried, [part]: '' }, 'right')).toThrow(TypeError)
  })
})
