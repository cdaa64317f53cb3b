import { importJWK, type JWK } from 'jose'
import { module } from '../../conformance-module.ts'
import { describeDocument } from '../../seen.ts'

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : '', 'base64url')

/** Says what is weak about a key, or nothing. */
function weaknessOf(key: Readonly<Record<string, unknown>>): string | undefined {
  if (key.kty === 'EC') return ['P-256', 'P-384', 'P-521'].includes(String(key.crv)) ? undefined : `curve ${String(key.crv)}`
  if (key.kty === 'OKP')
    return ['Ed25519', 'Ed448', 'X25519', 'X448'].includes(String(key.crv)) ? undefined : `curve ${String(key.crv)}`
  if (key.kty !== 'RSA') return `key type ${String(key.kty)}`
  const modulus = bytes(key.n)
  const leadingZeros = Math.clz32(modulus[0] ?? 0) - 24
  const bits = modulus.length * 8 - leadingZeros
  if (bits < 2048) return `RSA with ${bits} bits`
  const exponent = bytes(key.e)
  if (exponent.length > 8 || exponent.length === 0) return 'an RSA exponent out of range'
  const e = BigInt(`0x${exponent.toString('hex')}`)
  return e < 65_537n || e % 2n === 0n ? `RSA exponent ${e}` : undefined
}

async function canImport(key: Readonly<Record<string, unknown>>): Promise<boolean> {
  try {
    await importJWK({ ...key } as JWK, typeof key.alg === 'string' ? key.alg : key.kty === 'EC' ? 'ES256' : 'RS256') // jose checks the members itself
    return true
  } catch {
    return false
  }
}

export default module('issuer', 'publishes only strong signing keys', async (target, checks) => {
  const answer = await target.get(await target.endpoint('jwks_uri'))
  const listed: unknown = answer.json?.keys
  checks.must(
    'RFC 7517 section 5',
    'the key document has a keys array',
    answer.status === 200 && Array.isArray(listed),
    answer.json === undefined
      ? describeDocument(answer)
      : Array.isArray(listed)
        ? `${listed.length} keys`
        : `keys: ${JSON.stringify(listed) ?? 'absent'}`,
  )
  const keys = (Array.isArray(listed) ? listed : []).filter((key) => typeof key === 'object' && key !== null)
  checks.must('RFC 8414 section 2', 'there is a key', keys.length > 0, keys.length)
  const ids = keys.map((key) => key.kid)
  checks.should(
    'RFC 7517 section 4.5',
    'each key has an identifier of its own',
    new Set(ids).size === ids.length && !ids.includes(undefined),
    ids,
  )
  for (const key of keys) {
    const name = `key ${String(key.kid)}`
    const secret = PRIVATE.filter((member) => member in key)
    checks.must('RFC 7517 section 9.2', `${name} shows no private member`, secret.length === 0, secret)
    const weakness = weaknessOf(key)
    checks.must('RFC 7518 section 3.3; RFC 8725 section 3.5', `${name} is strong`, weakness === undefined, weakness ?? 'strong')
    if (weakness === undefined && secret.length === 0) {
      checks.must('RFC 7517 section 4', `${name} can be used`, await canImport(key), 'import')
    }
  }
  const algorithms = (await target.metadata()).id_token_signing_alg_values_supported
  const offersNone = Array.isArray(algorithms) && algorithms.includes('none')
  checks.must('RFC 8725 section 3.2', 'unsigned tokens are not offered', !offersNone, algorithms)
})
