import { expect, test } from 'vitest'
import { TokenMemory } from './token-memory.ts'

const tokenNumber = (index: number): string => `header.payload-${index}.${String(index).padStart(40, 's')}`

test('it never holds more than it may, and keeps what is used', () => {
  const memory = new TokenMemory<number>(100)
  memory.remember(tokenNumber(0), 0)
  for (let index = 1; index <= 1000; index += 1) {
    memory.remember(tokenNumber(index), index)
    expect(memory.find(tokenNumber(0))).toBe(0)
    expect(memory.size).toBeLessThanOrEqual(100)
  }
  expect(memory.find(tokenNumber(1))).toBeUndefined()
  expect(memory.find(tokenNumber(1000))).toBe(1000)
})

test('the characters of all tokens are bounded too', () => {
  const memory = new TokenMemory<number>(1000, 10_000)
  for (let index = 0; index < 100; index += 1) memory.remember(`${'x'.repeat(1000)}${tokenNumber(index)}`, index)
  expect(memory.size).toBeLessThanOrEqual(10)
})

test('a token with the same end and another beginning is another token', () => {
  const memory = new TokenMemory<string>(10)
  const end = 's'.repeat(342)
  memory.remember(`a.b.${end}`, 'good')
  expect(memory.find(`a.x.${end}`)).toBeUndefined()
  expect(memory.find(`a.b.${end}`)).toBe('good')
  memory.forget(`a.x.${end}`)
  expect(memory.find(`a.b.${end}`)).toBe('good')
})

test('what is forgotten is gone, in both generations', () => {
  const memory = new TokenMemory<number>(4)
  for (const index of [1, 2, 3]) memory.remember(tokenNumber(index), index)
  for (const index of [1, 2, 3]) memory.forget(tokenNumber(index))
  expect([1, 2, 3].map((index) => memory.find(tokenNumber(index)))).toEqual([undefined, undefined, undefined])
})

test('a memory of size 0 remembers nothing', () => {
  const memory = new TokenMemory<number>(0)
  memory.remember('a.b.c', 1)
  expect(memory.size).toBe(0)
})

test('a memory of one, and of an odd number, holds as many as two generations of half of it', () => {
  const held = (most: number): number => {
    const memory = new TokenMemory<number>(most)
    for (let index = 0; index < 50; index += 1) memory.remember(tokenNumber(index), index)
    return memory.size
  }
  expect([held(1), held(2), held(3)]).toEqual([2, 2, 4])
  const memory = new TokenMemory<number>(5)
  for (let index = 0; index < 6; index += 1) memory.remember(tokenNumber(index), index)
  expect(memory.size).toBe(6)
  memory.remember(tokenNumber(6), 6)
  expect(memory.size).toBe(4)
})

test('characters are counted to the character, and come back when a token is forgotten', () => {
  const token = (index: number): string => String(index).padStart(50, 't')
  const memory = new TokenMemory<number>(1000, 200) // two tokens a generation
  memory.remember(token(0), 0)
  memory.remember(token(1), 1)
  memory.remember(token(1), 7) // remembered already, and not counted again
  expect([memory.size, memory.find(token(1))]).toEqual([2, 1])
  memory.forget(token(0))
  memory.remember(token(2), 2)
  expect([memory.size, memory.find(token(1)), memory.find(token(2))]).toEqual([2, 1, 2])
  memory.remember(token(3), 3)
  expect(memory.size).toBe(3)
  memory.remember(token(4), 4)
  memory.remember(token(5), 5)
  expect([memory.size, memory.find(token(1)), memory.find(token(3))]).toEqual([3, undefined, 3])
})

test('the room of a forgotten token is free for the next one', () => {
  const token = (index: number): string => String(index).padStart(50, 't')
  const memory = new TokenMemory<number>(1000, 200) // two tokens a generation
  for (const index of [0, 1]) memory.remember(token(index), index)
  memory.forget(token(0))
  for (const index of [2, 3, 4]) memory.remember(token(index), index)
  // 1 and 2 filled the first generation, 3 and 4 the second: nothing had to go.
  expect([memory.size, memory.find(token(1)), memory.find(token(4))]).toEqual([4, 1, 4])
})

test('the end under which a token is filed is 32 characters, and the newest of the same end stays', () => {
  const memory = new TokenMemory<string>(10)
  memory.remember(`a${'x'.repeat(32)}`, 'first')
  memory.remember(`b${'x'.repeat(32)}`, 'second')
  expect([memory.size, memory.find(`b${'x'.repeat(32)}`)]).toEqual([1, undefined])
  memory.remember(`ca${'x'.repeat(31)}`, 'third')
  expect([memory.size, memory.find(`ca${'x'.repeat(31)}`)]).toEqual([2, 'third'])
})

test('what is found in the old generation moves to the young one, and a foreign token forgets nothing there', () => {
  const memory = new TokenMemory<number>(4)
  for (const index of [0, 1, 2]) memory.remember(tokenNumber(index), index) // 0 and 1 are old now
  memory.forget(`x${tokenNumber(0).slice(-32)}`)
  expect([memory.size, memory.find(tokenNumber(0)), memory.size]).toEqual([3, 0, 3])
  memory.remember(tokenNumber(3), 3) // young was full: 2 and 0 are old now
  expect([memory.find(tokenNumber(0)), memory.find(tokenNumber(1))]).toEqual([0, undefined])
  expect(new TokenMemory<number>(0).find('a.b.c')).toBeUndefined()
})
