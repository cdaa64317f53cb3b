import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AppClaims, identifyApp, networkOf, productOf } from './app-identity.ts'

const phone: AppClaims = {
  protocol: 'activesync',
  deviceId: 'APPL123ABC',
  deviceType: 'iPhone',
  userAgent: 'Apple-iPhone15C4/2401.539000006',
  source: '203.0.113.7',
}
const identityOf = (claims: AppClaims) => identifyApp(claims).identity

describe('a phone with a device id', () => {
  it('is the same in every network, after an update, and in other letters', () => {
    const travelling = { ...phone, deviceId: 'appl123abc', source: '198.51.100.1', userAgent: 'Apple-iPhone15C4/9999.1' }
    expect([identityOf(phone), identityOf(travelling)]).toEqual(['device:appl123abc', 'device:appl123abc'])
    expect(identifyApp(phone).network).toBeUndefined()
  })
  it('is called what it calls itself', () => {
    expect(identifyApp(phone).label).toBe('Apple-iPhone15C4')
    expect(identifyApp({ ...phone, model: 'Fairphone 5', deviceType: 'Android' }).label).toBe('Android (Fairphone 5)')
    expect(identifyApp({ protocol: 'activesync', deviceId: 'x1' }).label).toBe('Mail app')
  })
  it('has its place in ActiveSync alone', () => {
    expect(identityOf({ ...phone, protocol: 'imap' })).toBe('agent:apple-iphone15c4|203.0.113.0/24')
  })
})

describe('a program that names itself', () => {
  it('is the same after an update and elsewhere in its network, and another one in another network', () => {
    const thunderbird = (version: string, source: string): string =>
      identityOf({ protocol: 'imap', imapId: { name: 'Thunderbird', version }, source })
    expect(thunderbird('128.1', '203.0.113.7')).toBe('agent:thunderbird|203.0.113.0/24')
    expect(thunderbird('140.2', '203.0.113.250')).toBe('agent:thunderbird|203.0.113.0/24')
    expect(thunderbird('140.2', '203.0.114.7')).not.toBe('agent:thunderbird|203.0.113.0/24')
  })
  it('is one app over IMAP and SMTP', () => {
    const claims = { imapId: { Name: 'Thunderbird' }, source: '2001:db8:1:2::5' }
    expect(identityOf({ ...claims, protocol: 'imap' })).toBe(identityOf({ ...claims, protocol: 'smtp' }))
  })
})

it('without a name, mail programs of a network are one app, and those over HTTP another', () => {
  const of = (protocol: AppClaims['protocol']) => identityOf({ protocol, source: '203.0.113.7' })
  expect([of('imap'), of('smtp'), of('ews')]).toEqual([
    'network:mail:203.0.113.0/24',
    'network:mail:203.0.113.0/24',
    'network:web:203.0.113.0/24',
  ])
})

it.each([
  ['Apple-iPhone15C4/2401.539000006', 'Apple-iPhone15C4'],
  ['Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)', 'Microsoft Office'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.6.0', 'Thunderbird'],
  ['macOS/14.1 (23B74) CalendarAgent/985.1', 'macOS CalendarAgent'],
  ['Outlook-iOS-Android/1.0', 'Outlook-iOS-Android'],
  ['Mozilla/5.0 (Macintosh)', 'Mozilla'],
  ['Evolution 3.46.4', 'Evolution'],
  ['(only a comment', ''],
  ['1.0/2.0', ''],
])('the product of %s is %s', (userAgent, product) => {
  expect(productOf(userAgent)).toBe(product)
})

it.each([
  ['203.0.113.7', '203.0.113.0/24'],
  ['::ffff:203.0.113.7', '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['::1', '0:0:0::/48'],
  [undefined, '?'],
])('the network of %s is %s', (source, network) => {
  expect(networkOf(source)).toBe(network)
})

it('whatever an app says of itself ends as one short line that hides nothing, and never takes the place of another', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 600 })
  fc.assert(
    fc.property(anything, anything, (userAgent, model) => {
      const { identity, label, traits } = identifyApp({ protocol: 'ews', userAgent, model, source: '203.0.113.7' })
      expect(label).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,80}$/u)
      expect(identity).toMatch(/^(?:agent:[^|]+\||network:web:)203\.0\.113\.0\/24$/)
      expect(Object.values(traits).every((value) => value.length <= 256 && value.isWellFormed())).toBe(true)
    }),
    { numRuns: 60 },
  )
})
