import { describe, expect, test } from 'vitest'
import { createAuthenticationPolicy } from '../policy/mail/authentication-policy.ts'
import { mayMakeAppPassword } from '../policy/mail/mail-access.ts'
import { mailProtocols } from '../policy/mail/protocols.ts'
import { cutPage } from './activity.ts'
import { likelyUses, mostNetworks, offeredUses, parseWish } from './app-password-wish.ts'
import { parseName } from './own-words.ts'

const now = new Date('2026-03-02T09:00:00Z')
const draft = { label: 'Tablet', uses: ['mail', 'pop'], binds: true, expiry: 'never', networks: '' } as const

describe('a wish', () => {
  test('has each protocol once, and nothing that policy does not allow', () => {
    const read = parseWish(draft, { offered: offeredUses(['imap', 'smtp', 'pop']), now })
    expect(read).toEqual({ wish: { label: 'Tablet', protocols: ['imap', 'smtp', 'pop'], networks: [], bindsToFirstApp: true } })
    expect(parseWish(draft, { offered: offeredUses(['smtp']), now })).toMatchObject({ wish: { protocols: ['smtp'] } })
    expect(parseWish(draft, { offered: offeredUses(['jmap']), now })).toEqual({ problems: { uses: true } })
  })

  test('ends so many days from now, and takes networks with commas, spaces and lines between them', () => {
    const offered = offeredUses(mailProtocols)
    expect(
      parseWish({ ...draft, expiry: '90', networks: '192.0.2.1,\n2001:db8::/32  192.0.2.1' }, { offered, now }),
    ).toMatchObject({
      wish: { expiresAt: new Date('2026-05-31T09:00:00Z'), networks: ['192.0.2.1', '2001:db8::/32'] },
    })
  })

  test('tells every problem at once', () => {
    const offered = offeredUses(mailProtocols)
    const empty = { ...draft, label: ' \u200b ', uses: [] }
    expect(parseWish({ ...empty, networks: '10.0.0.0/33' }, { offered, now })).toEqual({
      problems: { label: true, uses: true, networks: { wrong: '10.0.0.0/33' } },
    })
    const many = Array.from({ length: mostNetworks + 1 }, (_, at) => `192.0.2.${at}`).join(' ')
    expect(parseWish({ ...draft, networks: many }, { offered, now })).toEqual({ problems: { networks: 'too_many' } })
  })
})

test('what app passwords alone open is offered', () => {
  const definition = { password: { imap: 'app-password', pop: 'block', smtp: 'block' } }
  const standard = createAuthenticationPolicy({ id: 'p', name: 'P', mode: 'on', definition })
  const account = { id: 'a', upn: 'mary@contoso.com', groups: [] }
  const { protocols } = mayMakeAppPassword({ standard, accessRules: [], appAccess: 'allow' }, account)
  expect(offeredUses(protocols).find(({ use }) => use === 'mail')?.protocols).toEqual(['imap'])
})

test('every protocol is in a use, and finding the server alone is none', () => {
  expect(new Set(offeredUses(mailProtocols).flatMap(({ protocols }) => protocols))).toEqual(new Set(mailProtocols))
  expect(offeredUses(['autodiscover'])).toEqual([])
})

test('what no mail server serves is not offered, unless none is known, and the first that brings mail is ticked', () => {
  const usesOf = (served: readonly string[], allowed: Parameters<typeof offeredUses>[0] = mailProtocols) => {
    const offered = offeredUses(allowed, served)
    return [offered.map(({ use, protocols }) => `${use} ${protocols.join(' ')}`), likelyUses(offered)]
  }
  expect(usesOf(['activesync', 'ews', 'autodiscover'])).toEqual([
    ['activesync activesync autodiscover', 'exchange ews autodiscover'],
    ['activesync'],
  ])
  expect(usesOf(['imap', 'smtp'])).toEqual([['mail imap smtp', 'pop smtp'], ['mail']])
  expect(usesOf(['smtp', 'jmap'])[1]).toEqual(['jmap'])
  expect(usesOf(['smtp'])[1]).toEqual(['mail'])
  expect(usesOf(['imap'], ['jmap'])).toEqual([[], []])
  expect(usesOf([])[1]).toEqual(['mail'])
  expect(offeredUses(mailProtocols, [])).toEqual(offeredUses(mailProtocols, mailProtocols))
})

test('a name stands on one line and turns nothing around', () => {
  expect([parseName(' a\u202eb\n c '), parseName('x'.repeat(61)), parseName('😀'.repeat(60))]).toEqual([
    'a b c',
    undefined,
    '😀'.repeat(60),
  ])
})

test('what happened at one moment stays on one page', () => {
  const rows = [5, 4, 3, 3, 3, 2].map((at) => ({ at: new Date(at) }))
  expect([1, 3, 5, 6, 9].map((most) => cutPage(rows, most).length)).toEqual([1, 5, 5, 6, 6])
})
