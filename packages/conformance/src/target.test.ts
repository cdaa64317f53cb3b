import { expect, test } from 'vitest'
import { createTarget } from './target.ts'

const ISSUER = 'http://127.0.0.1:1/'
const answering = (body: string, status = 200) =>
  createTarget({ issuer: ISSUER, clock: () => new Date(0), fetch: async () => new Response(body, { status }) })

test('an answer is an answer, however deep its JSON is', async () => {
  const answer = await answering(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`).get(ISSUER)
  expect([answer.status, answer.json]).toEqual([200, undefined])
})

test('what goes wrong while somebody listens is not called a target that does not answer', async () => {
  const target = answering('{}')
  target.watch(() => {
    throw new RangeError('the listener')
  })
  await expect(target.get(ISSUER)).rejects.toThrow('the listener')
})

test('why no answer came is said', async () => {
  const cause = Object.assign(new TypeError('no'), { code: 'ECONNREFUSED' })
  const target = createTarget({
    issuer: ISSUER,
    fetch: () => Promise.reject(new TypeError('fetch failed', { cause })),
  })
  await expect(target.get(ISSUER)).rejects.toMatchObject({
    code: 'target_unreachable',
    message: 'no answer from http://127.0.0.1:1/: ECONNREFUSED',
  })
})

test.each(['ftp://u:topsecretpw@x/', 'https://u:topsecretpw@x/', 'https://u:topsecretpw@[/'])(
  'the password in %s is refused and not repeated',
  (issuer) => {
    expect(() => createTarget({ issuer })).toThrow(expect.objectContaining({ code: 'target_invalid' }))
    expect(() => createTarget({ issuer })).not.toThrow(/topsecretpw/)
  },
)
