import { expect, test } from 'vitest'
import { hasRocaFingerprint, weaknessOfRsaKey } from './weak-keys.ts'

const encode = (number: bigint): string => {
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
const product = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131,
  137, 139, 149, 151, 157, 163, 167,
].map(BigInt)
const all = product.reduce((one, other) => one * other, 1n)

test('a modulus that is a power of 65537 for every small prime has the fingerprint', () => {
  for (const power of [0n, 1n, 2n, 77n]) {
    const residue = 65537n ** power % all
    expect(hasRocaFingerprint(residue + all * (1n << 1900n))).toBe(true)
  }
})

test('one small prime for which it is no power is enough to clear a modulus', () => {
  for (const prime of product) {
    // One for all others, and divisible by this one.
    const others = all / prime
    let cleared = 1n
    while (cleared % prime !== 0n) cleared += others
    expect([prime, hasRocaFingerprint(cleared)]).toEqual([prime, false])
  }
})

test('lengths and exponents hold to the bit', () => {
  // Divisible by three, so without the fingerprint.
  const sound = (bits: number): bigint => {
    const odd = (1n << BigInt(bits - 1)) + 1n
    return odd + 2n * (((3n - ((odd + 2n * 0n) % 3n)) * 2n) % 3n)
  }
  const e = encode(65537n)
  for (const [bits, said] of [
    [2047, '2047 bits'],
    [2048, undefined],
    [8192, undefined],
    [8193, '8193 bits, which makes every check slow'],
  ] as const)
    expect([bits, sound(bits) % 3n, weaknessOfRsaKey(encode(sound(bits)), e)]).toEqual([bits, 0n, said])
  const n = encode(sound(2048))
  for (const [exponent, said] of [
    ['', 'exponent 0'],
    [encode(3n), 'exponent 3'],
    [encode(65535n), 'exponent 65535'],
    [encode(65537n), undefined],
    [encode(65538n), 'exponent 65538'],
    [encode((1n << 64n) - 1n), undefined],
    [encode((1n << 64n) + 1n), 'a long exponent'],
  ])
    expect([exponent, weaknessOfRsaKey(n, exponent ?? '')]).toEqual([exponent, said])
  expect(weaknessOfRsaKey('', e)).toBe('0 bits')
  expect(weaknessOfRsaKey(encode(sound(2048) + 1n), e)).toBe('an even modulus')
  expect(weaknessOfRsaKey(encode(1n + 2n * all * (1n << 1900n)), e)).toBe('the ROCA fingerprint')
})
