import { expect, it } from 'vitest'
import { digestRequest, openAnswer, sealAnswer } from './kept-answer.ts'

it('gives the answer back to whoever holds the handle, and to nobody else', () => {
  const sealed = sealAnswer('handle', '{"access_token":"x"}')
  expect(openAnswer('handle', sealed)).toBe('{"access_token":"x"}')
  expect(() => openAnswer('handlf', sealed)).toThrow()
  expect(Buffer.from(sealed).toString('latin1')).not.toContain('access_token')
})

it('refuses an answer of which one bit was changed', () => {
  const sealed = sealAnswer('handle', 'answer')
  sealed[30] = (sealed[30] ?? 0) ^ 1
  expect(() => openAnswer('handle', sealed)).toThrow()
})

it('tells requests apart by what they ask for, and not by how the client proves itself', () => {
  const form = (extra: [string, string[]][] = []) =>
    new Map<string, string[]>([['grant_type', ['refresh_token']], ['refresh_token', ['R']], ...extra])
  expect(digestRequest(form([['client_assertion', ['a']]]), 'v2')).toBe(digestRequest(form([['client_assertion', ['b']]]), 'v2'))
  expect(digestRequest(form([['scope', ['a']]]), 'v2')).not.toBe(digestRequest(form(), 'v2'))
  expect(digestRequest(form([['resource', ['a', 'b']]]), 'v2')).not.toBe(digestRequest(form([['resource', ['ab']]]), 'v2'))
  expect(digestRequest(form(), 'v1')).not.toBe(digestRequest(form(), 'v2'))
})
