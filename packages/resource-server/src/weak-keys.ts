/**
 * weak-keys knows RSA moduli that must never verify anything: too short, or made by the ROCA generator (CVE-2017-15361; R60).
 *
 * Pure arithmetic on the public key. It does not search for shared factors or other weaknesses that need a second key.
 * @module
 */

/** The odd primes up to 167. The broken generator made primes that are a power of 65537 modulo each of them. */
const primes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131,
]
const morePrimes = [137, 139, 149, 151, 157, 163, 167]

const fingerprints: readonly (readonly [prime: bigint, powers: ReadonlySet<bigint>])[] = [...primes, ...morePrimes].map(
  (prime) => {
    const powers = new Set<bigint>()
    for (let power = 1; !powers.has(BigInt(power)); power = (power * 65537) % prime) powers.add(BigInt(power))
    return [BigInt(prime), powers]
  },
)

/** True for a modulus with the ROCA fingerprint; a sound modulus has it with a chance below 2^-27 x 2^-100. */
export const hasRocaFingerprint = (modulus: bigint): boolean =>
  fingerprints.every(([prime, powers]) => powers.has(modulus % prime))

const toBigInt = (bytes: Buffer): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`))

/** Why the RSA key with these base64url numbers (RFC 7518 section 6.3.1) must not be used, or undefined. */
export function weaknessOfRsaKey(n: string, e: string): string | undefined {
  const modulus = toBigInt(Buffer.from(n, 'base64url'))
  const bits = modulus === 0n ? 0 : modulus.toString(2).length
  if (bits < 2048) return `${bits} bits`
  if (bits > 8192) return `${bits} bits, which makes every check slow`
  if (modulus % 2n === 0n) return 'an even modulus'
  const exponentBytes = Buffer.from(e, 'base64url')
  if (exponentBytes.length > 8) return 'a long exponent'
  const exponent = toBigInt(exponentBytes)
  if (exponent < 65537n || exponent % 2n === 0n) return `exponent ${exponent}`
  return hasRocaFingerprint(modulus) ? 'the ROCA fingerprint' : undefined
}
