import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isInRange, parseAddress, parseRange } from './ip-address.ts'

const addresses = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((text) => `::ffff:${text}`),
)
const family = (text: string) => (isIP(text) === 4 ? 'ipv4' : 'ipv6')

describe('an address', () => {
  test('is one exactly where node:net finds one', () => {
    const nearly = fc
      .tuple(addresses, fc.nat(40), fc.constantFrom('', ':', '::', '.', '0', 'g', '/', ' ', '1.2.3.4'))
      .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at))
    const hexed = fc.string({ unit: fc.constantFrom(...'0:1:a:f:.:'), maxLength: 24 })
    fc.assert(
      fc.property(fc.oneof(addresses, nearly, hexed), (text) => {
        expect(parseAddress(text) !== undefined, text).toBe(isIP(text) !== 0)
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3.4:5',
    'x'.repeat(100_000),
  ])('is none: %.30s', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  test('is the same in every spelling', () => {
    expect(parseAddress('2001:DB8:0:0:0:0:0:1')).toEqual(parseAddress('2001:db8::1'))
    expect(parseAddress('::ffff:c000:207')).toEqual(parseAddress('192.0.2.7'))
    expect(parseAddress('fe80::1%eth0')).toEqual(parseAddress('fe80::1'))
  })
})

describe('a range', () => {
  test('holds what node:net says that it holds', () => {
    const ranges = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    )
    fc.assert(
      fc.property(ranges, addresses, fc.nat(3), ([host, prefix], other, near) => {
        const range = parseRange(`${host}/${prefix}`)
        // IPv4 in IPv6 clothes is refused as a range, and node:net reads it in both ways.
        fc.pre(range !== undefined && parseAddress(other)?.length === range.address.length)
        if (range === undefined) return
        const asked = near === 0 ? other : host
        const list = new BlockList()
        list.addSubnet(host, prefix, family(host))
        const address = parseAddress(asked)
        expect(address && isInRange(address, range)).toBe(list.check(asked, family(asked)))
      }),
      { numRuns: 2000 },
    )
  })

  test('of one kind holds no address of the other', () => {
    const everyIpv6 = parseRange('::/0')
    const ipv4 = parseAddress('192.0.2.7')
    expect(everyIpv6 && ipv4 && isInRange(ipv4, everyIpv6)).toBe(false)
  })

  test.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/104',
    'x',
    '',
  ])('is none: "%s"', (text) => {
    expect(parseRange(text)).toBeUndefined()
  })
})
