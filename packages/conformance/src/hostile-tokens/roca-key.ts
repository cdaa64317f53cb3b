/**
 * Makes an RSA key with the weakness of CVE-2017-15361, to see it refused: arithmetic of about a fifth of a second.
 */
import { checkPrimeSync, createPrivateKey, randomBytes } from 'node:crypto'
import type { SigningKey } from './signing-key.ts'

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const base64url = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) if (e & 1n) result = (result * b) % modulus
  return result
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b, x, y] = [b, a - quotient * b, y, x - quotient * y]
  }
  return ((x % modulus) + modulus) % modulus
}

/** The product of the first 126 primes: what the broken generator used for 2048-bit keys. */
function primorial(): bigint {
  const primes: number[] = []
  for (let n = 2; primes.length < 126; n += 1) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes.reduce((product, prime) => product * BigInt(prime), 1n)
}

/** p = k * M + (65537^a mod M), 1024 bits with both top bits set. */
function weakPrime(modulus: bigint): bigint {
  for (;;) {
    const residue = power(65537n, toBigInt(randomBytes(32)), modulus)
    const high = (3n << 1022n) + (toBigInt(randomBytes(7)) % (1n << 50n)) * modulus
    const candidate = high - (high % modulus) + modulus + residue
    if (candidate.toString(2).length === 1024 && checkPrimeSync(candidate)) return candidate
  }
}

export function makeRocaKey(kid: string): SigningKey {
  const modulus = primorial()
  const p = weakPrime(modulus)
  let q = weakPrime(modulus)
  while (q === p) q = weakPrime(modulus)
  const d = inverse(65537n, (p - 1n) * (q - 1n))
  const numbers = { n: p * q, e: 65537n, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  const members = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, base64url(value)]))
  const privateKey = createPrivateKey({ key: { kty: 'RSA', ...members }, format: 'jwk' })
  return Object.freeze({
    kid,
    alg: 'RS256',
    privateKey,
    jwk: { kty: 'RSA', n: members.n ?? '', e: 'AQAB', kid, alg: 'RS256', use: 'sig' },
  })
}
