import type { BoundFactor, Way } from '@postern/mfa'
import type { AuthenticatorId } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import { choicesOf, chooseWay, othersThan } from './ways.ts'

const way = (method: string, change: Partial<Way> = {}): Way => ({
  method,
  label: method,
  state: 'active',
  strength: method === 'webauthn' ? 'phishing-resistant' : 'second-factor',
  isDefault: false,
  ...change,
})
const id = (text: string) => text as AuthenticatorId // a brand has no runtime part
const anything = { missing: ['second-factor'], bound: [] }
const later = new Date('2026-03-02T09:00:00Z')

describe('choicesOf', () => {
  test('makes one choice of several apps, and one each of several telephones', () => {
    const ways = [
      way('totp', { authenticatorId: id('a') }),
      way('sms', { authenticatorId: id('b') }),
      way('totp', { authenticatorId: id('c') }),
      way('sms', { authenticatorId: id('d') }),
    ]
    expect(choicesOf(ways, anything).map(({ key, label }) => [key, label])).toEqual([
      ['totp', ''],
      ['b', 'sms'],
      ['d', 'sms'],
    ])
  })

  test('says which telephone is called', () => {
    const bound = [{ id: id('b'), detail: { channel: 'voice' } }] as unknown as readonly BoundFactor[] // all that is looked at
    expect(choicesOf([way('sms', { authenticatorId: id('b') })], { missing: [], bound })[0]?.channel).toBe('voice')
  })

  test('leaves only what is strong enough where that is bound, and everything where it is not', () => {
    const strong = { missing: ['second-factor', 'phishing-resistant'], bound: [] }
    expect(choicesOf([way('totp'), way('webauthn'), way('recovery-code')], strong).map(({ key }) => key)).toEqual(['webauthn'])
    expect(choicesOf([way('totp'), way('recovery-code')], strong)).toHaveLength(2)
  })

  test('is paused or locked only when all of a kind are', () => {
    const paused = choicesOf(
      [way('totp', { pausedUntil: later }), way('totp', { pausedUntil: later, state: 'disabled' })],
      anything,
    )
    expect(paused).toMatchObject([{ state: 'active', pausedUntil: later }])
    expect(choicesOf([way('totp', { state: 'disabled' })], anything)).toMatchObject([{ state: 'disabled' }])
  })
})

describe('chooseWay', () => {
  const choices = choicesOf(
    [way('totp', { state: 'disabled' }), way('approval'), way('webauthn', { pausedUntil: later }), way('recovery-code')],
    anything,
  )

  test('takes the one that was wished for, if it is accepted', () => {
    expect(chooseWay(choices, 'webauthn')?.key).toBe('webauthn')
    expect(chooseWay(choices, 'totp')?.key).toBe('recovery-code')
    expect(chooseWay(choices, 'nonsense')?.key).toBe('recovery-code')
  })

  test('asks nobody elsewhere by itself while there is another way', () => {
    expect(chooseWay(choicesOf([way('approval'), way('recovery-code')], anything), undefined)?.key).toBe('recovery-code')
    expect(chooseWay(choicesOf([way('approval')], anything), undefined)?.key).toBe('approval')
  })

  test('finds none where all are locked', () => {
    expect(chooseWay(choicesOf([way('totp', { state: 'disabled' })], anything), undefined)).toBeUndefined()
  })

  test('leaves the others', () => {
    const [first] = choices
    expect(first && othersThan(choices, first)).toHaveLength(choices.length - 1)
  })
})
