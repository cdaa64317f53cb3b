import { expect, test } from 'vitest'
import { plainAddress } from './plain-address.ts'

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::FFFF:203.0.113.9', '203.0.113.9'],
  ['::ffff:cb00:7109', '203.0.113.9'],
  ['0:0:0:0:0:ffff:0.0.0.1', '0.0.0.1'],
  ['0000:0000:0000:0000:0000:ffff:203.0.113.9%eth0', '203.0.113.9'],
  ['::203.0.113.9', '::cb00:7109'],
  ['64:ff9b::203.0.113.9', '64:ff9b::cb00:7109'],
  ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::1', '::1'],
  ['::', '::'],
])('%s is written %s', (text, plain) => {
  expect(plainAddress(text)).toBe(plain)
})

test.each([
  '',
  'unix:',
  '203.0.113.09',
  '203.0.113.9%eth0',
  '203.0.113.9, 198.51.100.1',
  '[::1]',
  '::1/64',
  ':::',
  'mail.contoso.com',
])('%j is no address', (text) => {
  expect(plainAddress(text)).toBeUndefined()
})
