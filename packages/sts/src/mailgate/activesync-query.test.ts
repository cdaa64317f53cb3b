import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseActiveSyncQuery } from './activesync-query.ts'
import { MailgateError } from './errors.ts'

/** A base64 query of parts, well-formed unless a part is replaced. */
const encoded = (parts: { head?: number[]; id?: Uint8Array; key?: number[]; type?: string; rest?: number[] } = {}): string => {
  const { head = [141, 9, 9, 4], id = Buffer.from('v140Device'), key = [0], type = 'SmartPhone', rest = [] } = parts
  return Buffer.from([...head, id.length, ...id, ...key, type.length, ...Buffer.from(type), ...rest]).toString('base64')
}
const refusedAs = (query: string): string => {
  try {
    return JSON.stringify(parseActiveSyncQuery(query))
  } catch (error) {
    return error instanceof MailgateError ? error.code : String(error)
  }
}

describe('the plain form', () => {
  it('tells device, type, command and user', () => {
    expect(parseActiveSyncQuery('Cmd=FolderSync&User=mary%40contoso.com&DeviceId=APPL123&DeviceType=iPhone')).toEqual({
      deviceId: 'APPL123',
      deviceType: 'iPhone',
      command: 'FolderSync',
      user: 'mary@contoso.com',
    })
  })
  it('takes the form of Outlook, which names no user', () => {
    expect(parseActiveSyncQuery('Cmd=Settings&DeviceId=OutlookService&DeviceType=OutlookService')).toMatchObject({
      deviceId: 'OutlookService',
    })
  })
  it.each([
    ['a second device', 'Cmd=Sync&DeviceId=a&DeviceType=b&DeviceId=c'],
    ['a second device in other letters', 'Cmd=Sync&DeviceId=a&DeviceType=b&deviceid=c'],
    ['a second device behind a blank, as PHP reads it', 'Cmd=Sync&DeviceId=a&DeviceType=b&%20DeviceId=c'],
    ['a second device behind a plus', 'Cmd=Sync&DeviceId=a&DeviceType=b&+DeviceId=c'],
    ['a second device with brackets', 'Cmd=Sync&DeviceId=a&DeviceType=b&DeviceId[]=c'],
    ['a second device with a NUL', 'Cmd=Sync&DeviceId=a&DeviceType=b&DeviceId%00=c'],
    ['a second device with an escaped letter', 'Cmd=Sync&DeviceId=a&DeviceType=b&%44eviceId=c'],
    ['the one device with an escaped letter', 'Cmd=Sync&%44eviceId=a&DeviceType=b'],
    ['a second device behind a semicolon', 'Cmd=Sync&DeviceId=a&DeviceType=b;DeviceId=c'],
    ['a second device where nothing is named', 'Cmd=Sync&DeviceId=a&DeviceType=b&=c&DeviceId'],
    ['a fragment', 'Cmd=Sync&DeviceId=a&DeviceType=b#&DeviceId=c'],
    ['a second user', 'Cmd=Sync&User=mary&DeviceId=a&DeviceType=b&user=joe'],
    ['a name with a dot, which PHP reads as another', 'Cmd=Sync&DeviceId=a&DeviceType=b&User.x=c'],
    ['a blank as it is', 'Cmd=Sync&DeviceId=a&DeviceType=b c'],
    ['an empty device', 'Cmd=Sync&DeviceId=&DeviceType=b'],
    ['a device with a separator', 'Cmd=Sync&DeviceId=a|b&DeviceType=b'],
    ['a device of 33 characters', `Cmd=Sync&DeviceId=${'a'.repeat(33)}&DeviceType=b`],
    ['no type', 'Cmd=Sync&DeviceId=a'],
    ['a type with a line break', 'Cmd=Sync&DeviceId=a&DeviceType=b%0Ac'],
    ['no command', 'DeviceId=a&DeviceType=b'],
    ['a broken escape', 'Cmd=Sync&DeviceId=a&DeviceType=%zz'],
    ['no end', `Cmd=Sync&DeviceId=a&DeviceType=b&x=${'a'.repeat(5000)}`],
  ])('refuses %s', (_what, query) => {
    expect(refusedAs(query)).toBe('activesync_query_malformed')
  })
})

describe('the base64 form', () => {
  it('reads the recorded one', () => {
    expect(parseActiveSyncQuery('jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l')).toEqual({
      deviceId: 'v140Device',
      deviceType: 'SmartPhone',
      command: 'Sync',
    })
  })
  it('reads the user behind a policy key and other parameters', () => {
    const user = Buffer.from('mary@contoso.com')
    const rest = [7, 1, 3, 8, user.length, ...user]
    expect(parseActiveSyncQuery(encoded({ key: [4, 1, 2, 3, 4], rest }))).toMatchObject({
      command: 'FolderSync',
      user: 'mary@contoso.com',
    })
  })
  it('writes a device of bytes as the plain form of the same phone does', () => {
    const id = Buffer.from('0a1b2c3d4e5f60718293a4b5c6d7e8f9', 'hex')
    const plain = parseActiveSyncQuery('Cmd=Sync&DeviceId=0A1B2C3D4E5F60718293A4B5C6D7E8F9&DeviceType=iPhone')
    expect(parseActiveSyncQuery(encoded({ id })).deviceId).toBe(plain.deviceId.toLowerCase())
  })
  it.each([
    ['an unknown version', encoded({ head: [99, 0, 9, 4] })],
    ['an unknown command', encoded({ head: [141, 99, 9, 4] })],
    ['an empty device', encoded({ id: Buffer.alloc(0) })],
    ['a policy key of three bytes', encoded({ key: [3, 1, 2, 3] })],
    ['an empty type', encoded({ type: '' })],
    ['an unknown parameter', encoded({ rest: [2, 0] })],
    ['a parameter twice', encoded({ rest: [7, 1, 1, 7, 1, 2] })],
    ['bytes left over', encoded({ rest: [7] })],
    ['a length beyond the end', encoded({ rest: [8, 200, 1] })],
    ['a user that is no text', encoded({ rest: [8, 2, 0xc3, 0x28] })],
    ['stray bits', 'jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25lAB=='],
  ])('refuses %s', (_what, query) => {
    expect(refusedAs(query)).toBe('activesync_query_malformed')
  })
})

it('reads or refuses whatever a stranger writes, and never anything else', () => {
  const text = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
  )
  const shaped = fc
    .record({
      id: fc.uint8Array({ maxLength: 40 }),
      type: fc.string({ maxLength: 20 }),
      rest: fc.array(fc.nat(255), { maxLength: 20 }),
    })
    .map(({ id, type, rest }) => encoded({ id, type, rest }))
  fc.assert(
    fc.property(fc.oneof(text, shaped), (query) => {
      try {
        const { deviceId, deviceType } = parseActiveSyncQuery(query)
        expect(deviceId).toMatch(/^[A-Za-z0-9]{1,64}$/)
        expect(deviceType).toMatch(/^[\x20-\x7e]{1,128}$/)
      } catch (error) {
        expect(error).toBeInstanceOf(MailgateError)
      }
    }),
    { numRuns: 500 },
  )
})
