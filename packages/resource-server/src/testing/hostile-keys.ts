/** Hostile tokens m26 to m38: which key the token would like to be checked with. */
import type { Bench, HostileToken } from './hostile-tokens.ts'

export function hostileKeys(bench: Bench): readonly HostileToken[] {
  const { rsa, rsaToo, attacker, retired, foreign } = bench.scene
  const jwk = { kty: 'RSA', n: attacker.jwk.n, e: attacker.jwk.e }
  const withHeader = (
    id: string,
    name: string,
    header: Record<string, unknown>,
    expect: HostileToken['expect'],
  ): HostileToken => ({
    id,
    name,
    token: bench.signed({ header }),
    expect,
  })
  const kids: readonly string[] = [
    '../../etc/passwd',
    "' OR 1=1 --",
    'https://evil.example/jwks.json',
    '__proto__',
    'constructor',
    'toString',
  ]
  return [
    withHeader('m26', 'no kid, the right key', { kid: undefined }, 'header_not_allowed'),
    withHeader('m26-empty', 'an empty kid', { kid: '' }, 'header_not_allowed'),
    ...kids.map((kid, index) => withHeader(`m27-${index}`, `kid ${kid}`, { kid }, 'key_unknown')),
    withHeader('m27-nul', 'kid with a NUL', { kid: `${rsa.kid}\u0000` }, 'key_unknown'),
    withHeader('m28', 'kid a number', { kid: 7 }, 'header_not_allowed'),
    withHeader('m28-list', 'kid a list', { kid: [rsa.kid] }, 'header_not_allowed'),
    withHeader('m28-long', 'kid of 100 KB', { kid: 'k'.repeat(100_000) }, 'token_too_large'),
    withHeader('m28-257', 'kid of 257 characters', { kid: 'k'.repeat(257) }, 'header_not_allowed'),
    {
      id: 'm29',
      name: 'an embedded jwk that fits the signature',
      token: bench.signed({ header: { jwk }, key: attacker }),
      expect: 'header_not_allowed',
    },
    withHeader('m30', 'jku with the right key', { jku: 'https://evil.example/jwks.json' }, 'header_not_allowed'),
    withHeader('m31', 'x5u with the right key', { x5u: 'https://evil.example/cert.pem' }, 'header_not_allowed'),
    withHeader('m32', 'x5c with the right key', { x5c: ['MIIB'] }, 'header_not_allowed'),
    withHeader('m33', 'x5t of another certificate', { x5t: rsaToo.jwk.x5t ?? 'x5t-of-another' }, 'key_unknown'),
    withHeader('m33-list', 'x5t a list', { x5t: ['a'] }, 'header_not_allowed'),
    {
      id: 'm34',
      name: 'the key of another issuer',
      token: bench.signed({ header: { kid: foreign.key.kid }, key: foreign.key }),
      expect: 'key_unknown',
    },
    {
      id: 'm34-back',
      name: 'our key for a token of another issuer',
      token: bench.signed({ payload: { iss: foreign.issuer } }),
      expect: 'signature_invalid',
    },
    {
      id: 'm35',
      name: 'a retired key',
      token: bench.signed({ header: { kid: retired.kid }, key: retired }),
      expect: 'key_unknown',
    },
    {
      id: 'm38',
      name: 'the same kid at another issuer',
      token: bench.signed({ key: foreign.sameKid }),
      expect: 'signature_invalid',
    },
  ]
}
