/** Hostile tokens m26 to m38: which key the token would like to be checked with. */
import type { Bench, Refused } from './bench.ts'

export function wrongKeys(bench: Bench): readonly Refused[] {
  const { rsa, rsaToo, attacker, retired, foreign, trap } = bench.scene
  const jwk = { kty: 'RSA', n: attacker.jwk.n, e: attacker.jwk.e }
  const withHeader = (id: string, title: string, header: Record<string, unknown>): Refused => ({
    id,
    title,
    make: () => bench.signed({ header }),
  })
  const kids: readonly string[] = [
    '../../etc/passwd',
    "' OR 1=1 --",
    `${trap}/kid/jwks.json`,
    '__proto__',
    'constructor',
    'toString',
  ]
  return [
    withHeader('m26', 'no kid, the right key', { kid: undefined }),
    withHeader('m26-empty', 'an empty kid', { kid: '' }),
    ...kids.map((kid, index) => withHeader(`m27-${index}`, `kid ${kid}`, { kid })),
    withHeader('m27-nul', 'kid with a NUL', { kid: `${rsa.kid}\u0000` }),
    withHeader('m28', 'kid a number', { kid: 7 }),
    withHeader('m28-list', 'kid a list', { kid: [rsa.kid] }),
    withHeader('m28-long', 'kid of 100 KB', { kid: 'k'.repeat(100_000) }),
    withHeader('m28-257', 'kid of 257 characters', { kid: 'k'.repeat(257) }),
    {
      id: 'm29',
      title: 'an embedded jwk that fits the signature',
      make: () => bench.signed({ header: { jwk }, key: attacker }),
    },
    withHeader('m30', 'jku with the right key', { jku: `${trap}/jku/jwks.json` }),
    withHeader('m30-http', 'jku over plain http', { jku: `${trap.replace('https:', 'http:')}/jku/jwks.json` }),
    withHeader('m31', 'x5u with the right key', { x5u: `${trap}/x5u/cert.pem` }),
    withHeader('m32', 'x5c with the right key', { x5c: ['MIIB'] }),
    withHeader('m33', 'x5t of another certificate', { x5t: rsaToo.jwk.x5t ?? 'x5t-of-another' }),
    withHeader('m33-list', 'x5t a list', { x5t: ['a'] }),
    {
      id: 'm34',
      title: 'the key of another issuer',
      make: () => bench.signed({ header: { kid: foreign.key.kid }, key: foreign.key }),
    },
    {
      id: 'm34-back',
      title: 'our key for a token of another issuer',
      make: () => bench.signed({ payload: { iss: foreign.issuer } }),
    },
    {
      id: 'm35',
      title: 'a retired key',
      make: () => bench.signed({ header: { kid: retired.kid }, key: retired }),
    },
    {
      id: 'm38',
      title: 'the same kid at another issuer',
      make: () => bench.signed({ key: foreign.sameKid }),
    },
  ]
}
