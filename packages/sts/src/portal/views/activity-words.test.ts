import { expect, test } from 'vitest'
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

test('a mail app is called what its owner calls it, a removed one what it was called, and never by an id', () => {
  const tell = (detail: Record<string, unknown>) =>
    String(tellEvent(messagesIn('en'), { event: 'mailapp.removed', detail }, names))
  expect([tell({ mailAppId: 'm', app: 'Old' }), tell({ mailAppId: 'gone', app: 'Old' }), tell({ mailAppId: 'gone' })]).toEqual([
    'My phone was removed.',
    'Old was removed.',
    'A mail app was removed.',
  ])
})
