import { expect, test } from 'vitest'
import { readBounded } from './read-bounded.ts'

test('a body is read up to the byte, and no body is an empty one', async () => {
  expect((await readBounded(new Response('12345'), 5))?.toString()).toBe('12345')
  expect(await readBounded(new Response('123456'), 5)).toBeUndefined()
  expect((await readBounded(new Response(null), 5))?.length).toBe(0)
})
