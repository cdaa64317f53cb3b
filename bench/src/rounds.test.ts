import { expect, test } from 'vitest'
import { measureInRounds, medianOf } from './rounds.ts'

test('the median of an even and an odd number of rounds', () => {
  expect(medianOf([5, 1, 3])).toBe(3)
  expect(medianOf([4, 1, 3, 2])).toBe(2.5)
})

test('contestants alternate, forwards and backwards, after one warming each', async () => {
  const order: string[] = []
  const contestant = (name: string) => ({
    name,
    measure: async () => {
      order.push(name)
      return order.length
    },
  })
  const [a] = await measureInRounds([contestant('a'), contestant('b')], { rounds: 5, milliseconds: 1 })
  expect(order.join('')).toBe('ab' + 'abbaabbaab')
  expect(a).toMatchObject({ name: 'a', rates: [3, 6, 7, 10, 11], median: 7, lowest: 3, highest: 11 })
})

test('fewer than five rounds are refused', async () => {
  await expect(measureInRounds([], { rounds: 4, milliseconds: 1 })).rejects.toThrow(TypeError)
})
