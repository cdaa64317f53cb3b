import { describe, expect, test } from 'vitest'
import { createClientAddress } from './client-address.ts'

describe('createClientAddress', () => {
  const address = createClientAddress({ trustedProxies: ['10.0.0.0/8', '2001:db8::/32', '127.0.0.1'] })

  test.each([
    ['believes the socket of a stranger', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['reads behind a proxy of ours', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['stops at the first hop that is not ours', '10.1.2.3', '6.6.6.6, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['stays at the proxy when the header is rubbish', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['stays at the proxy without a header', '10.1.2.3', undefined, '10.1.2.3'],
    ['unwraps mapped addresses', '::ffff:127.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
    ['knows IPv6 proxies', '2001:db8::1', '2a00::5', '2a00::5'],
    ['gives nothing for a closed socket', undefined, '1.2.3.4', ''],
  ])('%s', (_, socketAddress, forwardedFor, expected) => {
    expect(address({ socketAddress, forwardedFor })).toBe(expected)
  })

  test.each(['10.0.0.0/33', '10.0.0/8', 'example.com', '10.0.0.0/8/8', '::/129', '10.0.0.0/'])(
    'refuses the block %j',
    (block) => {
      expect(() => createClientAddress({ trustedProxies: [block] })).toThrow(TypeError)
    },
  )
})
