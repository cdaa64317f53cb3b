import { expect, test } from 'vitest'
import { isTrustedNetwork } from './trusted-network.ts'

test('an address is trusted in a network that holds it, and in no other', () => {
  expect(isTrustedNetwork(['10.0.0.0/8', '2001:db8::/32'], '10.200.3.4')).toBe(true)
  expect(isTrustedNetwork(['10.0.0.0/8', '2001:db8::/32'], '2001:db8:1::7')).toBe(true)
  expect(isTrustedNetwork(['10.0.0.0/8'], '11.0.0.1')).toBe(false)
})

test('who comes from nowhere, or where no network is trusted, is not trusted', () => {
  expect(isTrustedNetwork(['0.0.0.0/0'], undefined)).toBe(false)
  expect(isTrustedNetwork(['0.0.0.0/0'], 'unknown')).toBe(false)
  expect(isTrustedNetwork(undefined, '127.0.0.1')).toBe(false)
  expect(isTrustedNetwork(['not a network'], '127.0.0.1')).toBe(false)
})
