import { expect, test } from 'vitest'
import { parseSignRate } from './openssl-speed.ts'

test('the signatures per second are the first of the two rates', () => {
  const output = [
    'CPUINFO: OPENSSL_ia32cap=0xfffa3203078bffff',
    '                  sign    verify    sign/s verify/s',
    'rsa 2048 bits 0.000122s 0.000007s   8206.0 145503.0',
    '',
  ].join('\n')
  expect(parseSignRate(output)).toBe(8206)
})

test('openssl that says nothing is no rate', () => {
  expect(parseSignRate('')).toBeUndefined()
})
