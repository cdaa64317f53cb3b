import { expect, test } from 'vitest'
import { findActiveSyncDevice } from './activesync-device.ts'

const found = (query: string) => findActiveSyncDevice(query)
const pair = { deviceId: 'a1', deviceType: 'iPhone' }

/** The binary form: version, command, locale, then the fields with their lengths. */
const bytes = (device: Buffer | string, key: Buffer | string = '', type = 'SP', more = ''): Buffer => {
  const field = (value: Buffer | string) => Buffer.concat([Buffer.from([Buffer.byteLength(value)]), Buffer.from(value)])
  return Buffer.concat([Buffer.from([0x8c, 0, 9, 4]), field(device), field(key), field(type), Buffer.from(more)])
}
const inBase64 = (...parts: Parameters<typeof bytes>) => found(bytes(...parts).toString('base64'))

test('pairs are read in any order and letter case, empty ones left out', () => {
  for (const query of [
    'DeviceId=a1&DeviceType=iPhone',
    '&&devicetype=iPhone&&DEVICEID=a1&',
    'Cmd&DeviceId=a1&DeviceType=iPhone',
    'DeviceType=i%50hone&DeviceId=a1&User=m%C3%BCller',
  ])
    expect(found(query), query).toStrictEqual(pair)
  expect(Object.isFrozen(found('DeviceId=a1&DeviceType=iPhone'))).toBe(true)
  const longest = { deviceId: 'a'.repeat(32), deviceType: 't'.repeat(128) }
  expect(found(`DeviceId=${longest.deviceId}&DeviceType=${longest.deviceType}`)).toEqual(longest)
})

test.for([
  'DeviceId=a1',
  'DeviceType=iPhone',
  'DeviceId=a1&DeviceType=',
  'DeviceId=&DeviceType=iPhone',
  `DeviceId=a1&DeviceType=${'t'.repeat(129)}`,
  'DeviceId=a1&DeviceType=i%20Phone',
  'DeviceId=a1&DeviceType=%20iPhone',
  'DeviceId=a1&DeviceType=iPhone%20',
  'DeviceId=a-1&DeviceType=iPhone',
  'DeviceId=a1&DeviceType=iPhone#x',
  'DeviceId=a1&DeviceType=iPhone&=x',
  'DeviceId=a1&DeviceType=iPhone&x1=x',
])('%s names no device in pairs', (query) => {
  expect(found(query)).toBeUndefined()
})

test('bytes are read up to the device type, and what is no word is told in hex', () => {
  expect(inBase64('a1')).toStrictEqual({ deviceId: 'a1', deviceType: 'SP' })
  expect(inBase64('a1', Buffer.alloc(4), 'SP', 'what follows')).toEqual({ deviceId: 'a1', deviceType: 'SP' })
  expect(inBase64('a'.repeat(32))).toEqual({ deviceId: 'a'.repeat(32), deviceType: 'SP' })
  expect(inBase64(Buffer.from([0xff, 0]))).toEqual({ deviceId: 'ff00', deviceType: 'SP' })
  expect(Object.isFrozen(inBase64('a1'))).toBe(true)
  // With one sign of padding, with two, percent-encoded, and without any.
  for (const device of ['a', 'ab', 'abc']) {
    const text = bytes(device).toString('base64')
    for (const query of [text, encodeURIComponent(text), text.replace(/=+$/, '')])
      expect(found(query), query).toEqual({ deviceId: device, deviceType: 'SP' })
  }
})

test('bytes that end too soon, or hold a field of another length, name no device', () => {
  expect(inBase64('')).toBeUndefined()
  expect(inBase64('a'.repeat(33))).toBeUndefined()
  expect(inBase64('a1', '', '')).toBeUndefined()
  expect(inBase64('a1', '', 'a b')).toBeUndefined()
  expect(inBase64('a1', '', 't'.repeat(129))).toBeUndefined()
  for (const length of [1, 3, 5]) expect(inBase64('a1', Buffer.alloc(length))).toBeUndefined()
  const whole = bytes('a1')
  for (let end = 1; end < whole.length; end += 1) expect(found(whole.subarray(0, end).toString('base64'))).toBeUndefined()
})

test('bytes are read in base64 alone', () => {
  const text = bytes('ab').toString('base64')
  expect(text).toMatch(/[^=]=$/)
  for (const query of [`${text}x`, ` ${text}`, `${text}!`, `!${text}`, text.replace(/.=$/, 'B='), '%', '%ff', `${text}%`])
    expect(found(query), query).toBeUndefined()
})

test('a query is read up to 2048 characters', () => {
  const query = 'DeviceId=a1&DeviceType=iPhone&x='
  expect(found(query.padEnd(2048, 'x'))).toEqual(pair)
  expect(found(query.padEnd(2049, 'x'))).toBeUndefined()
  expect(found('')).toBeUndefined()
})
