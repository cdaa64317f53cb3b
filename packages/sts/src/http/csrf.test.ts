import { expect, test } from 'vitest'
import { requireOurForm } from './csrf.ts'

test('takes the value of this interaction and no other, of whatever length', () => {
  expect(() => requireOurForm('abc', 'abc')).not.toThrow()
  for (const sent of ['', 'abd', 'abcabc', 'ABC']) {
    expect(() => requireOurForm(sent, 'abc')).toThrow(expect.objectContaining({ code: 'form_not_ours', status: 403 }))
  }
})

test('does not take an empty value for an interaction that has none', () => {
  expect(() => requireOurForm('', '')).toThrow(TypeError)
})
