import { describe, expect, test } from 'vitest'
import { ActiveSyncQueryError, parseActiveSyncQuery } from './activesync-query.ts'

/** Builds the byte layout; each part may be bent. */
const encoded = (parts: Partial<Record<'head' | 'device' | 'policy' | 'type' | 'rest', readonly number[]>> = {}): string => {
  const { head = [161, 9, 9, 4], device = [3, 100, 101, 118], policy = [0], type = [2, 83, 80], rest = [] } = parts
  return Buffer.from([...head, ...device, ...policy, ...type, ...rest]).toString('base64')
}

describe('the plain form', () => {
  test('gives its parts', () => {
    const query = parseActiveSyncQuery('Cmd=Sync&User=contoso%5Cmary&DeviceId=Appl123&DeviceType=iPhone&CollectionId=1')
    expect(query).toMatchObject({ command: 'Sync', user: 'contoso\\mary', deviceId: 'Appl123', deviceType: 'iPhone' })
    expect(query.parameters.get('CollectionId')).toBe('1')
  })

  test('does without a user, whom the token names', () => {
    expect(parseActiveSyncQuery('Cmd=Settings&DeviceId=OutlookService&DeviceType=OutlookService').user).toBeUndefined()
  })

  test.each([
    ['nothing', ''],
    ['no command', 'DeviceId=a&DeviceType=b'],
    ['a command that is no word', 'Cmd=Sync1&DeviceId=a&DeviceType=b'],
    ['no device', 'Cmd=Sync&DeviceType=b'],
    ['a device with a comma', 'Cmd=Sync&DeviceId=a,b&DeviceType=b'],
    ['a device of 33 characters', `Cmd=Sync&DeviceId=${'a'.repeat(33)}&DeviceType=b`],
    ['no device type', 'Cmd=Sync&DeviceId=a'],
    ['a device type with a space', 'Cmd=Sync&DeviceId=a&DeviceType=b%20c'],
    ['a parameter twice', 'Cmd=Sync&cmd=Ping&DeviceId=a&DeviceType=b'],
    ['a broken percent sequence', 'Cmd=Sync&DeviceId=%E0%A4&DeviceType=b'],
    ['a name without a value sign', 'Cmd=Sync&DeviceId&DeviceType=b'],
    ['too much', `Cmd=Sync&DeviceId=a&DeviceType=b&x=${'y'.repeat(3000)}`],
  ])('refuses %s', (_, query) => {
    expect(() => parseActiveSyncQuery(query)).toThrow(ActiveSyncQueryError)
  })
})

describe('the base64 form', () => {
  test('reads the sample of the specification', () => {
    expect(parseActiveSyncQuery('jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l')).toMatchObject({
      version: '14.0',
      command: 'Sync',
      locale: 0x0409,
      deviceId: 'v140Device',
      deviceType: 'SmartPhone',
    })
  })

  test('reads a policy key, parameters and a user', () => {
    const query = parseActiveSyncQuery(encoded({ policy: [4, 1, 2, 0, 0], rest: [1, 1, 49, 8, 4, 109, 97, 114, 121, 7, 1, 2] }))
    expect(query).toMatchObject({ command: 'FolderSync', policyKey: 0x0201, user: 'mary' })
    expect([...query.parameters]).toEqual([
      ['CollectionId', '1'],
      ['Options', '02'],
    ])
  })

  test('writes a binary device id as hex', () => {
    expect(parseActiveSyncQuery(encoded({ device: [2, 0xff, 0x00] })).deviceId).toBe('ff00')
  })

  test.each([
    ['an unknown version', encoded({ head: [99, 9, 9, 4] })],
    ['an unknown command', encoded({ head: [161, 99, 9, 4] })],
    ['no device id', encoded({ device: [0] })],
    ['a device id that ends too early', encoded({ device: [200, 1], policy: [], type: [] })],
    ['a policy key of three bytes', encoded({ policy: [3, 1, 2, 3] })],
    ['no device type', encoded({ type: [0] })],
    ['a device type with control characters', encoded({ type: [2, 13, 10] })],
    ['an unknown parameter', encoded({ rest: [2, 1, 49] })],
    ['a parameter twice', encoded({ rest: [1, 1, 49, 1, 1, 50] })],
    ['a parameter that ends too early', encoded({ rest: [1, 9, 49] })],
    ['bits that mean nothing', encoded({ type: [3, 83, 80, 65] }).replace(/Q==$/, 'R==')],
    ['other alphabets', 'jAAJBAp2MTQw_GV2aWNlAApTbWFydFBob25l'],
  ])('refuses %s', (_, query) => {
    expect(() => parseActiveSyncQuery(query)).toThrow(ActiveSyncQueryError)
  })

  test('every shortened sample is refused, none is read in part', () => {
    const whole = Buffer.from('jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l', 'base64')
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseActiveSyncQuery(whole.subarray(0, length).toString('base64'))).toThrow(ActiveSyncQueryError)
    }
  })
})
