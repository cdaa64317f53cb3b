import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { requireOpenUser, requireSameUser } from './user-lookup.ts'

const realm = 'contoso'
const mary = { id: 'mary', realm, active: true }
const joe = { id: 'joe', realm, active: true }
const upn = { upn: 'mary@contoso.com' }
const smtp = { smtp: 'm@contoso.com' }
const asked = { context: smtp, of: [upn, smtp], realm }

test('every name must lead to the one account that the names before it led to', () => {
  expect(requireSameUser([mary], asked, undefined)).toBe(mary)
  const again = { ...mary }
  expect(requireSameUser([again], asked, mary)).toBe(again)
  const refused = (matches: readonly (typeof mary)[], before?: typeof mary) =>
    refusal(() => requireSameUser(matches, asked, before))
  expect(refused([])).toBe('user_unknown: user token: by {"smtp":"m@contoso.com"}, name 2 of 2')
  expect(refused([mary, joe])).toBe('user_ambiguous: user token: 2 by {"smtp":"m@contoso.com"}')
  expect(refused([{ ...mary, realm: 'fabrikam' }])).toBe(
    'realm_mismatch: user token: the account by {"smtp":"m@contoso.com"} lives in another realm',
  )
  expect(refused([joe], mary)).toBe('user_ambiguous: user token: its names are of two accounts')
})

test('an account must be there, active, and open to acting servers', () => {
  const refused = (user?: typeof mary & { closedToActors?: boolean }) => refusal(() => requireOpenUser(user))
  expect(requireOpenUser(mary)).toBe(mary)
  expect(refused({ ...mary, closedToActors: false })).toBe('accepted')
  expect(refused()).toBe('user_missing: user token: no name')
  expect(refused({ ...mary, active: false })).toBe('user_inactive: user token: account mary')
  expect(refused({ ...mary, closedToActors: true })).toBe('user_excluded: user token: account mary')
})
