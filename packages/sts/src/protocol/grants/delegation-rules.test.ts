import type { ClientId, Delegation, Resource, ResourceId } from '@postern/storage'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideDelegation, delegatedGrantOf, ON_BEHALF_OF, TOKEN_EXCHANGE } from './delegation-rules.ts'

const at = new Date(0)
const ACTING = 'acting' as ClientId // a brand has no runtime part
const ELSEWHERE = 'other' as ResourceId // a brand has no runtime part
const SCOPES = ['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All', 'Mail.Read', 'SMTP.Send']

const resource = (scopes: readonly string[]): Resource => ({
  id: 'resource' as ResourceId, // a brand has no runtime part
  displayName: 'Mail',
  audience: 'https://mail.contoso.com/',
  names: ['https://mail.contoso.com/', 'server/mail.contoso.com'],
  scopes,
  algorithm: 'RS256',
  tokenType: 'at+jwt',
  status: 'active',
  createdAt: at,
  updatedAt: at,
})

const delegation = (change: Partial<Delegation>): Delegation => ({
  clientId: ACTING,
  resourceId: resource([]).id,
  scopes: SCOPES,
  exceptGroups: [],
  createdAt: at,
  ...change,
})

const some = fc.subarray(SCOPES)
const spelling = fc.constantFrom('', 'https://mail.contoso.com/', 'https://mail.contoso.com//', 'server/mail.contoso.com/')
const asked = fc.array(fc.tuple(spelling, fc.constantFrom(...SCOPES, '.default', 'Unknown.Scope')), { maxLength: 5 })

test('what is granted was asked for, and is within access, delegation and resource, whatever the request spells', () => {
  fc.assert(
    fc.property(some, some, some, asked, (known, access, delegated, request) => {
      const words = request.map(([prefix, scope]) => `${prefix}${scope}`)
      const decision = decideDelegation({
        delegations: [delegation({ resourceId: ELSEWHERE }), delegation({ scopes: delegated })],
        clientId: ACTING,
        access: [
          { resourceId: ELSEWHERE, scopes: SCOPES },
          { resourceId: resource([]).id, scopes: access },
        ],
        resource: resource(known),
        groups: ['people'],
        scope: words.join(' '),
      })
      const within = SCOPES.filter((one) => known.includes(one) && access.includes(one) && delegated.includes(one))
      const all = request.some(([prefix, scope]) => prefix !== '' && scope === '.default')
      const expected = within.filter((one) => all || request.some(([, scope]) => scope === one))
      if (expected.length === 0) {
        expect(decision).toEqual({ outcome: 'refused', because: 'scope_empty' })
        return
      }
      expect(decision).toMatchObject({ outcome: 'allowed' })
      if (decision.outcome !== 'allowed') return
      expect([...decision.scopes].toSorted()).toEqual(expected.toSorted())
      const spelled = decision.spelled.split(' ')
      expect(spelled.map((one) => one.slice(one.lastIndexOf('/') + 1)).toSorted()).toEqual(expected.toSorted())
      for (const one of spelled) if (!all) expect(words).toContain(one)
    }),
    { numRuns: 500 },
  )
})

test('nobody acts without a delegation for this client and this resource', () => {
  const request = {
    clientId: ACTING,
    access: [{ resourceId: resource([]).id, scopes: SCOPES }],
    resource: resource(SCOPES),
    groups: [],
    scope: 'Mail.Read',
  }
  for (const delegations of [[], [delegation({ clientId: 'another' as ClientId })], [delegation({ resourceId: ELSEWHERE })]])
    expect(decideDelegation({ ...request, delegations })).toEqual({ outcome: 'refused', because: 'delegation_missing' })
})

test('an excepted group is excepted in any letter case, and nobody else is', () => {
  const request = {
    delegations: [delegation({ exceptGroups: ['Administrators'] })],
    clientId: ACTING,
    access: [{ resourceId: resource([]).id, scopes: SCOPES }],
    resource: resource(SCOPES),
    scope: 'Mail.Read',
  }
  expect(decideDelegation({ ...request, groups: ['staff', 'ADMINISTRATORS'] })).toEqual({
    outcome: 'refused',
    because: 'group_excepted',
  })
  expect(decideDelegation({ ...request, groups: ['staff', 'administrators of lists'] })).toMatchObject({ outcome: 'allowed' })
})

test('a token knows the grant that it came from, and no other word is taken for one', () => {
  expect(delegatedGrantOf(ON_BEHALF_OF)).toBe(ON_BEHALF_OF)
  expect(delegatedGrantOf(`${TOKEN_EXCHANGE} refresh_token`)).toBe(TOKEN_EXCHANGE)
  for (const other of [undefined, 'refresh_token', `${ON_BEHALF_OF}s`, 'authorization_code refresh_token', ` ${ON_BEHALF_OF}`])
    expect(delegatedGrantOf(other)).toBeUndefined()
})
