import { describe, expect, test } from 'vitest'
import { events } from '../../audit/events.ts'
import { messagesIn } from '../../http/language.ts'
import { tellEvent } from './activity-words.ts'

const names = { realm: 'Contoso', clients: new Map([['c', 'Outlook']]), mailApps: new Map([['m', 'My phone']]) }

test.each(['en', 'de', 'fr'] as const)(
  'every event that there is has a sentence or none in %s, without gaps and without codes',
  (language) => {
    const told = Object.keys(events).flatMap((event) => {
      const detail = { method: 'totp', mailAppId: 'm', app: 'X', state: 'active', by: 'sms', reason: 'basic_allowed' }
      const sentence = tellEvent(messagesIn(language), { event, detail, clientId: 'c' }, names)
      return sentence === undefined ? [] : [String(sentence)]
    })
    expect(told.length).toBeGreaterThan(40)
    expect(told.filter((sentence) => /[{}_]|undefined|basic/.test(sentence))).toEqual([])
  },
)

test('an event of another version, and one that borrows a name of the language, are not told', () => {
  for (const event of ['no.such', 'constructor', '__proto__'])
    expect(tellEvent(messagesIn('en'), { event, detail: {} }, names)).toBeUndefined()
})

describe('what the gate wrote down', () => {
  const tell = (event: string, detail: Record<string, unknown>) => String(tellEvent(messagesIn('en'), { event, detail }, names))

  test('says of what only found the mail server that it opened no mail', () => {
    const found = 'curl signed in to find your mail server. It opened no mail.'
    const of = { app: 'curl', protocol: 'activesync' }
    expect(tell('mailapp.allowed', { ...of, reason: 'autodiscover_opens_no_mail' })).toBe(found)
    expect(tell('mailapp.allowed', { ...of, reason: 'app_active', protocol: 'autodiscover' })).toBe(found)
    expect(tell('mailapp.allowed', { ...of, reason: 'app_active' })).toBe('curl opened your mail.')
  })

  test('says whose wrong password it was, once in the same words for both rows', () => {
    const wrong = 'curl tried a wrong password.'
    expect(tell('signin.failed', { method: 'password', app: 'curl' })).toBe(wrong)
    expect(tell('mailapp.refused', { app: 'curl', reason: 'wrong_secret' })).toBe(wrong)
    expect(tell('mailapp.refused', { app: 'curl', reason: 'app_blocked' })).toBe('curl was turned away.')
    expect(tell('signin.failed', { method: 'password' })).toBe('A sign-in failed. It was tried with: Password.')
  })

  test('names the app password, where the row does', () => {
    const told = ['created', 'bound', 'revoked'].flatMap((what) =>
      [{ label: 'Old tablet' }, {}].map((more) => tell(`app_password.${what}`, { appPasswordId: 'k', mailAppId: 'm', ...more })),
    )
    expect(told).toEqual([
      'An app password was made: Old tablet.',
      'An app password was made.',
      'From then on the app password “Old tablet” works in My phone only.',
      'From then on an app password works in My phone only.',
      'An app password was revoked: Old tablet.',
      'An app password was revoked.',
    ])
    expect(tell('app_password.revoked', { count: 2 })).toBe('All app passwords were revoked.')
  })
})

test('a mail app is called what its owner calls it, a removed one what it was called, and never by an id', () => {
  const tell = (detail: Record<string, unknown>) =>
    String(tellEvent(messagesIn('en'), { event: 'mailapp.removed', detail }, names))
  expect([tell({ mailAppId: 'm', app: 'Old' }), tell({ mailAppId: 'gone', app: 'Old' }), tell({ mailAppId: 'gone' })]).toEqual([
    'My phone was removed.',
    'Old was removed.',
    'A mail app was removed.',
  ])
})
