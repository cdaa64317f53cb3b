import { describe, expect, test } from 'vitest'
import { AIR_SYNC, EMAIL, FOLDER } from './activesync-tokens.ts'
import { decodeWbxml, element, encodeWbxml, findElement, WbxmlError } from './wbxml.ts'

describe('WBXML', () => {
  test('writes the bytes that a FolderSync is known by', () => {
    const bytes = encodeWbxml(element(FOLDER.FolderSync, element(FOLDER.SyncKey, '0')))
    expect(bytes.toString('hex')).toBe('03016a000007565203300001'.concat('01'))
  })

  test('reads what it wrote, across code pages and with any text', () => {
    const root = element(
      AIR_SYNC.Sync,
      element(AIR_SYNC.Add, element(EMAIL.Subject, 'Grüße & <b>'), element(AIR_SYNC.ServerId, '1:1')),
      element(AIR_SYNC.Status),
    )
    expect(decodeWbxml(encodeWbxml(root))).toEqual(root)
  })

  test('keeps text from turning into elements', () => {
    const root = decodeWbxml(encodeWbxml(element(EMAIL.Subject, `a\0${String.fromCharCode(1)}b`)))
    expect(root.children).toEqual([])
  })

  test('reads opaque bytes as text', () => {
    expect(decodeWbxml(Buffer.from('03016a0000074752c302303101'.concat('01'), 'hex'))).toMatchObject({
      children: [{ text: '01' }],
    })
  })

  test.each([
    ['nothing', ''],
    ['another version', '02016a0005'],
    ['a string table', '03016a0101410005'],
    ['no root', '03016a00'],
    ['a string without an end', '03016a004503414243'],
    ['an element without an end', '03016a0045'],
    ['an attribute', '03016a00850101'],
    ['bytes after the end', '03016a000505'],
    ['a length beyond the end', '03016a0045c37f0101'],
    ['a length that never ends', '03016a0045c3ffffffffffff0101'],
    ['text that is not UTF-8', '03016a004503ff0001'],
    ['a thousand levels', `03016a00${'45'.repeat(1000)}${'01'.repeat(1000)}`],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeWbxml(Buffer.from(hex, 'hex'))).toThrow(WbxmlError)
  })

  test('finds elements along a path', () => {
    const root = element(
      AIR_SYNC.Sync,
      element(AIR_SYNC.Collections, element(AIR_SYNC.Collection, element(AIR_SYNC.SyncKey, '7'))),
    )
    expect(findElement(root, AIR_SYNC.Collections, AIR_SYNC.Collection, AIR_SYNC.SyncKey)?.text).toBe('7')
    expect(findElement(root, AIR_SYNC.Collection)).toBeUndefined()
  })
})
