import { expect, test } from 'vitest'
import { createPolicy, demandsOf, type PolicyMode } from './policy.ts'

const mary = { id: 'a1', upn: 'mary@contoso.com', groups: ['staff'] }
const policy = (definition: object, mode: PolicyMode = 'on') => createPolicy({ id: 'p', name: 'p', mode, definition })

test.each([
  ['resource', ['https://mail.contoso.com/']],
  ['client', ['some-client']],
  ['flow', ['device']],
  ['network', ['10.0.0.0/8']],
] as const)('a policy that looks at the %s of one sign-in may ask at another', (condition, values) => {
  expect(demandsOf([policy({ when: { [condition]: values }, require: ['second-factor'] })], mary)).toEqual(['second-factor'])
  expect(demandsOf([policy({ except: { [condition]: values }, require: ['second-factor'] })], mary)).toEqual(['second-factor'])
})

test('a policy for others, or one that this person is exempt from, asks for nothing', () => {
  expect(demandsOf([policy({ when: { group: ['guests'] }, require: ['second-factor'] })], mary)).toEqual([])
  expect(demandsOf([policy({ when: { account: ['joe@contoso.com'] }, require: ['second-factor'] })], mary)).toEqual([])
  expect(demandsOf([policy({ except: { group: ['staff'] }, require: ['second-factor'] })], mary)).toEqual([])
})

test('a policy that is off or only reports asks for nothing, and one that blocks has nothing to keep', () => {
  expect(demandsOf([policy({ require: ['second-factor'] }, 'off')], mary)).toEqual([])
  expect(demandsOf([policy({ require: ['second-factor'] }, 'report-only')], mary)).toEqual([])
  expect(demandsOf([policy({ access: 'block' })], mary)).toEqual([])
})

test('demands add up, the stronger one last', () => {
  const policies = [
    policy({ require: ['phishing-resistant'], when: { group: ['staff'] } }),
    policy({ require: ['second-factor'] }),
  ]
  expect(demandsOf(policies, mary)).toEqual(['second-factor', 'phishing-resistant'])
})
