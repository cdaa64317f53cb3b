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
