import { expect, test } from 'vitest'
import { findActiveSyncDevice } from './activesync-device.ts'
import { makeGateQuestion } from './gate-question.ts'
import type { RequestFacts } from './legacy-auth-contract.ts'

const mary = { name: 'mary', secret: 'pw' }
const request = (url: string, more: Partial<RequestFacts> = {}): RequestFacts => ({ url, headers: {}, ...more })

// The sample of F 4.4: protocol 14.0, Sync, device v140Device, SmartPhone.
const sample = 'jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l'

test('the device is found in both forms of an ActiveSync query', () => {
  expect(findActiveSyncDevice('Cmd=Sync&User=mary&DeviceId=Appl123&DeviceType=iPhone')).toEqual({
    deviceId: 'Appl123',
    deviceType: 'iPhone',
  })
  expect(findActiveSyncDevice(sample)).toEqual({ deviceId: 'v140Device', deviceType: 'SmartPhone' })
  const binary = Buffer.from([0x8c, 0, 9, 4, 3, 0xff, 0, 1, 4, 1, 2, 3, 4, 2, 0x53, 0x50]).toString('base64')
  expect(findActiveSyncDevice(binary)).toEqual({ deviceId: 'ff0001', deviceType: 'SP' })
  expect(findActiveSyncDevice(encodeURIComponent(binary))).toEqual({ deviceId: 'ff0001', deviceType: 'SP' })
})

test.for([
  '',
  'Cmd=Sync&DeviceId=a&DeviceId=b&DeviceType=iPhone',
  'Cmd=Sync&DeviceId=a&deviceid=b&DeviceType=iPhone',
  'Cmd=Sync&DeviceId=a%00&DeviceType=iPhone',
  'Cmd=Sync&DeviceId=a&DeviceType=iPhone&%20DeviceId=b',
  'Cmd=Sync&DeviceId=a&DeviceType=iPhone&+DeviceId=b',
  'Cmd=Sync&DeviceId=a&DeviceType=iPhone&DeviceId[]=b',
  'Cmd=Sync&DeviceId=a&DeviceType=iPhone&DeviceId%00=b',
  'Cmd=Sync&DeviceId=a&DeviceType=iPhone&%44eviceId=b',
  'Cmd=Sync&DeviceId=a&DeviceType=iPhone;DeviceId=b',
  'Cmd=Sync&DeviceId=a&DeviceType=iPhone&User=mary&user=joe',
  'Cmd=Sync&DeviceId=a&DeviceType=',
  `Cmd=Sync&DeviceId=${'a'.repeat(33)}&DeviceType=iPhone`,
  sample.slice(0, 12),
  'jAAJ',
  `${sample.slice(0, -1)}!`,
  '%%%',
  'x'.repeat(3000),
])('no device is found in %j', (query) => {
  expect(findActiveSyncDevice(query)).toBeUndefined()
})

test('a phone is asked about by its device, so that all its commands are one question', () => {
  const ask = (query: string) =>
    makeGateQuestion(mary, 'activesync', request(`/Microsoft-Server-ActiveSync?${query}`, { source: '::ffff:192.0.2.7' }))
  const sync = ask('Cmd=Sync&DeviceId=a1&DeviceType=iPhone')
  expect(sync).toEqual({
    name: 'mary',
    secret: 'pw',
    protocol: 'activesync',
    app: { deviceId: 'a1', deviceType: 'iPhone' },
    source: '192.0.2.7',
  })
  expect(ask('Cmd=Ping&DeviceId=a1&DeviceType=iPhone')).toEqual(sync)
})

test('a query that cannot be read goes to the gate as it is', () => {
  const asked = makeGateQuestion(mary, 'activesync', request('/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=a&DeviceId=b'))
  expect(asked.app).toEqual({ activesyncQuery: 'Cmd=Sync&DeviceId=a&DeviceId=b' })
})

test('OPTIONS of ActiveSync is said to be that, and of another protocol is not', () => {
  const options = request('/x', { method: 'OPTIONS' })
  expect(makeGateQuestion(mary, 'activesync', options).method).toBe('OPTIONS')
  expect(makeGateQuestion(mary, 'ews', options).method).toBeUndefined()
})

test('what an app claims is cut and cleaned, and what is no address is left out', () => {
  const headers = { 'user-agent': `Evil\u0000Agent\u00e4${'x'.repeat(500)}` }
  const asked = makeGateQuestion(mary, 'ews', request('/ews', { headers, source: 'unknown', secure: true }))
  expect(asked.app?.userAgent).toMatch(/^Evil\?Agent\?x+$/)
  expect(asked.app?.userAgent).toHaveLength(256)
  expect(asked).toMatchObject({ tls: true })
  expect(asked).not.toHaveProperty('source')
  expect(makeGateQuestion(mary, 'ews', request('/ews', { headers: new Headers({ 'user-agent': 'a' }) })).app).toEqual({
    userAgent: 'a',
  })
})

test('a source is an address without its zone, and IPv4 wherever it is written inside IPv6', () => {
  const sourceOf = (source: string | undefined) =>
    makeGateQuestion(mary, 'ews', request('/ews', source === undefined ? {} : { source })).source
  expect(sourceOf('::FFFF:192.0.2.7')).toBe('192.0.2.7')
  expect(sourceOf('fe80::1%eth0')).toBe('fe80::1')
  expect(sourceOf('2001:db8::1')).toBe('2001:db8::1')
  for (const odd of ['unknown', '', 'x::ffff:192.0.2.7', '192.0.2', undefined]) expect(sourceOf(odd)).toBeUndefined()
})

test('what is not known of a request is left out', () => {
  expect(makeGateQuestion(mary, 'ews', request('/ews'))).toStrictEqual({ ...mary, protocol: 'ews' })
  expect(
    makeGateQuestion(mary, 'ews', request('/ews?DeviceId=a1&DeviceType=iPhone', { secure: false, method: 'OPTIONS' })),
  ).toStrictEqual({
    ...mary,
    protocol: 'ews',
    tls: false,
  })
  const headers = { 'user-agent': ['First', 'Second'] }
  expect(makeGateQuestion(mary, 'ews', request('/ews', { headers })).app).toEqual({ userAgent: 'First' })
  expect(Object.isFrozen(makeGateQuestion(mary, 'ews', request('/ews')))).toBe(true)
})

test('a query that cannot be read goes to the gate whole, in visible ASCII and up to 2048 characters', () => {
  const queryOf = (query: string) => makeGateQuestion(mary, 'activesync', request(`/x?${query}`)).app?.activesyncQuery
  expect(queryOf('x'.repeat(2048))).toBe('x'.repeat(2048))
  for (const odd of ['x'.repeat(2049), 'x y', ' x', 'x ', '\u00e4', '']) expect(queryOf(odd)).toBeUndefined()
})
