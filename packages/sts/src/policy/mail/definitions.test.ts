import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { conditions } from '../conditions/conditions.ts'
import { factsOf } from '../facts.ts'
import { parseAppMatch } from './app-access-rule.ts'
import { parseAuthenticationDefinition } from './authentication-policy.ts'
import { exchangeNames, findMailProtocol, mailProtocols } from './protocols.ts'
import { wildcard } from './wildcard.ts'

const problemsOf = (read: () => unknown): readonly string[] => {
  try {
    read()
    return []
  } catch (error) {
    return (error as { problems: readonly string[] }).problems
  }
}

test('a protocol is known by our name and by that of Exchange, in any letter case', () => {
  for (const protocol of mailProtocols) {
    expect(findMailProtocol(protocol.toUpperCase())).toBe(protocol)
    expect(findMailProtocol(exchangeNames[protocol])).toBe(protocol)
  }
  for (const none of ['', 'imaps', 'constructor', '__proto__', 'Web Services']) expect(findMailProtocol(none)).toBeUndefined()
})

describe('a pattern', () => {
  test('matches exactly what a pattern read character by character matches', () => {
    const naive = (pattern: string, text: string): boolean =>
      pattern === ''
        ? text === ''
        : pattern[0] === '*'
          ? naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)))
          : text !== '' && pattern[0]?.toLowerCase() === text[0]?.toLowerCase() && naive(pattern.slice(1), text.slice(1))
    const letters = (...units: string[]) => fc.string({ unit: fc.constantFrom(...units), maxLength: 8 })
    fc.assert(
      fc.property(letters('a', 'B', '*', '.'), letters('a', 'b', 'A', '.', '*'), (pattern, text) => {
        expect(wildcard(pattern)(text), `${pattern} on ${text}`).toBe(naive(pattern, text))
      }),
      { numRuns: 5000 },
    )
  })

  test('made to be slow is not, and what means something elsewhere means itself here', () => {
    expect(wildcard(`${'*a'.repeat(100)}*b`)('a'.repeat(100_000))).toBe(false)
    expect(wildcard('(a+)+$')('aaaa')).toBe(false)
    expect(wildcard('Apple-iPhone*/[0-9]')('apple-iphone15C4/[0-9]')).toBe(true)
  })
})

describe('a definition', () => {
  test('is kept under our names of the protocols', () => {
    expect(parseAuthenticationDefinition({ password: { WebServices: 'allow', IMAP: 'block' }, modern: { Rpc: false } })).toEqual({
      password: { ews: 'allow', imap: 'block' },
      modern: { rpc: false },
    })
    expect(parseAuthenticationDefinition({})).toEqual({})
    expect(parseAppMatch({ protocol: ['EWS', 'WebServices'], model: ['SM-*'] })).toEqual({ protocol: ['ews'], model: ['SM-*'] })
  })

  test('that means nothing is refused with every problem', () => {
    expect(
      problemsOf(() =>
        parseAuthenticationDefinition({
          password: { imap: 'no', gopher: 'allow', ews: 'allow', WebServices: 'block' },
          basic: 1,
          appPasswords: 'yes',
        }),
      ),
    ).toEqual([
      'basic: is not known; known are password, modern, appPasswords',
      'password.imap: must be allow, approved, app-password or block',
      expect.stringMatching(/^password\.gopher: is no mail protocol; there are activesync/),
      'password.WebServices: ews is named twice',
      'appPasswords: must be true or false',
    ])
    for (const input of [null, [], 'x', 1])
      expect(problemsOf(() => parseAuthenticationDefinition(input))).toEqual(['must be an object'])
    expect(
      problemsOf(() => parseAppMatch({ deviceType: [], userAgent: ['', 'x'.repeat(257)], protocol: ['gopher'], os: ['x'] })),
    ).toHaveLength(5)
    expect(problemsOf(() => parseAppMatch({}))).toEqual(['must have at least one of deviceType, model, userAgent, protocol'])
  })
})

test('a policy can be about mail protocols, and says nothing of whoever comes by none', () => {
  const matches = conditions.protocol.matcher(['imap', 'WebServices'])
  const signals = { account: { id: 'a', upn: 'a@b.c', groups: [] }, client: { id: 'c' }, flow: 'mail-app', evidence: [] } as const
  expect(['imap', 'ews', 'pop'].map((protocol) => matches(factsOf({ ...signals, protocol })))).toEqual([true, true, false])
  expect(matches(factsOf(signals))).toBe(false)
  expect(conditions.protocol.isValue('gopher')).toBe(false)
})
