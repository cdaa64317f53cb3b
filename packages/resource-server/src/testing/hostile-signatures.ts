/** Hostile tokens m1 to m23: the algorithm, the signature, and keys that are too weak for either. */
import { constants, createHash, createHmac, createPublicKey, sign } from 'node:crypto'
import { base64url, type SigningKey, signatureOver, signText } from './fake-issuer.ts'
import type { Bench, HostileToken } from './hostile-tokens.ts'

const hmac = (header: string, payload: string, secret: string | Buffer): string => {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** With e = 1 the padded digest is its own signature. */
function signatureOfExponentOne(input: string, bytes: number): string {
  const digestInfo = Buffer.concat([
    Buffer.from('3031300d060960864801650304020105000420', 'hex'),
    createHash('sha256').update(input).digest(),
  ])
  const padding = Buffer.alloc(bytes - digestInfo.length - 3, 0xff)
  return Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), digestInfo]).toString('base64url')
}

function pss(input: string, key: SigningKey): string {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign('sha256', Buffer.from(input), { key: key.privateKey, padding, saltLength: 32 }).toString('base64url')
}

export function hostileSignatures(bench: Bench): readonly HostileToken[] {
  const { rsa, ec, attacker, weak } = bench.scene
  const [head = '', body = '', signature = ''] = bench.good.split('.')
  const payload = bench.payload()
  const publicKey = createPublicKey(rsa.privateKey)
  const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const hs256 = bench.header({ alg: 'HS256' })
  const input = (header: string): string => `${base64url(header)}.${body}`
  const withHeader = (changes: Record<string, unknown>, made = signature): string => `${input(bench.header(changes))}.${made}`
  const ecHeader = bench.header({ alg: 'ES256', kid: ec.kid })
  const bytes = Buffer.from(signature, 'base64url')
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(7) ^ 1, 7)
  const oneHeader = bench.header({ kid: weak.exponentOne.kid })
  const duplicate = `{"alg":"none","typ":"at+jwt","kid":"${rsa.kid}","alg":"RS256"}`
  const signedBy = (key: SigningKey): string => bench.signed({ header: { kid: key.kid }, key })
  const weakKey = 'key_unknown' // a key that is not good enough is as good as unpublished

  return [
    { id: 'm1', name: 'alg none, empty signature', token: withHeader({ alg: 'none' }, ''), expect: 'algorithm_not_allowed' },
    { id: 'm1-signed', name: 'alg none, signature kept', token: withHeader({ alg: 'none' }), expect: 'algorithm_not_allowed' },
    { id: 'm2', name: 'alg None', token: withHeader({ alg: 'None' }), expect: 'algorithm_not_allowed' },
    {
      id: 'm3',
      name: 'alg nOnE, signed again',
      token: bench.signed({ header: { alg: 'nOnE' } }),
      expect: 'algorithm_not_allowed',
    },
    { id: 'm4', name: 'alg missing', token: bench.signed({ header: { alg: undefined } }), expect: 'algorithm_not_allowed' },
    { id: 'm5', name: 'alg null', token: bench.signed({ header: { alg: null } }), expect: 'algorithm_not_allowed' },
    { id: 'm6', name: 'alg a list', token: bench.signed({ header: { alg: ['RS256'] } }), expect: 'algorithm_not_allowed' },
    { id: 'm6-case', name: 'alg rs256', token: bench.signed({ header: { alg: 'rs256' } }), expect: 'algorithm_not_allowed' },
    { id: 'm7', name: 'HS256 with the PEM as secret', token: hmac(hs256, payload, spki), expect: 'algorithm_not_allowed' },
    {
      id: 'm8',
      name: 'HS256 with the JWK as secret',
      token: hmac(hs256, payload, JSON.stringify(rsa.jwk)),
      expect: 'algorithm_not_allowed',
    },
    {
      id: 'm9',
      name: 'HS256 with the modulus as secret',
      token: hmac(hs256, payload, Buffer.from(rsa.jwk.n ?? '', 'base64url')),
      expect: 'algorithm_not_allowed',
    },
    { id: 'm9-rs256', name: 'an HMAC under alg RS256', token: hmac(bench.header(), payload, spki), expect: 'signature_invalid' },
    { id: 'm10', name: 'HS256 with an empty secret', token: hmac(hs256, payload, ''), expect: 'algorithm_not_allowed' },
    {
      id: 'm11',
      name: 'RS384, rightly signed',
      token: withHeader({ alg: 'RS384' }, signatureOver(input(bench.header({ alg: 'RS384' })), rsa, 'sha384')),
      expect: 'algorithm_not_allowed',
    },
    {
      id: 'm12',
      name: 'PS256 over an RS256 signature',
      token: bench.signed({ header: { alg: 'PS256' } }),
      expect: 'algorithm_not_allowed',
    },
    {
      id: 'm12-pss',
      name: 'a PSS signature under alg RS256',
      token: `${head}.${body}.${pss(`${head}.${body}`, rsa)}`,
      expect: 'signature_invalid',
    },
    {
      id: 'm13',
      name: 'an all-zero signature',
      token: `${head}.${body}.${base64url(Buffer.alloc(256))}`,
      expect: 'signature_invalid',
    },
    {
      id: 'm14',
      name: 'ES256 with r = s = 0',
      token: `${input(ecHeader)}.${base64url(Buffer.alloc(64))}`,
      expect: 'signature_invalid',
    },
    {
      id: 'm14-der',
      name: 'ES256 with a DER signature',
      token: `${input(ecHeader)}.${sign('sha256', Buffer.from(input(ecHeader)), ec.privateKey).toString('base64url')}`,
      expect: 'signature_invalid',
    },
    { id: 'm15', name: 'one bit flipped', token: `${head}.${body}.${base64url(flipped)}`, expect: 'signature_invalid' },
    {
      id: 'm15-short',
      name: 'signature cut by a byte',
      token: `${head}.${body}.${base64url(bytes.subarray(1))}`,
      expect: 'signature_invalid',
    },
    {
      id: 'm16',
      name: 'payload replaced',
      token: `${head}.${base64url(bench.payload({ sub: 'admin' }))}.${signature}`,
      expect: 'signature_invalid',
    },
    {
      id: 'm17',
      name: 'signature of another token with the same header',
      token: `${head}.${body}.${bench.signed({ payload: { jti: 'jti-2' } }).split('.')[2]}`,
      expect: 'signature_invalid',
    },
    {
      id: 'm18',
      name: 'ES256 with an RSA kid',
      token: bench.signed({ header: { alg: 'ES256' }, key: ec }),
      expect: 'algorithm_not_allowed',
    },
    {
      id: 'm18-ec',
      name: 'RS256 with an EC kid',
      token: bench.signed({ header: { kid: ec.kid } }),
      expect: 'algorithm_not_allowed',
    },
    { id: 'm19', name: 'a key with use enc', token: signedBy(weak.encryption), expect: weakKey },
    { id: 'm19-alg', name: 'a key published for another alg', token: signedBy(weak.otherAlg), expect: weakKey },
    { id: 'm20', name: 'alg twice, the good one last', token: signText(duplicate, payload, rsa), expect: 'token_malformed' },
    {
      id: 'm20-first',
      name: 'alg twice through an escape',
      token: signText(`{"alg":"RS256","typ":"at+jwt","kid":"${rsa.kid}","\\u0061lg":"RS256"}`, payload, rsa),
      expect: 'token_malformed',
    },
    {
      id: 'm21',
      name: 'an RSA key with exponent 1',
      token: `${input(oneHeader)}.${signatureOfExponentOne(input(oneHeader), 256)}`,
      expect: weakKey,
    },
    { id: 'm22', name: 'a ROCA key', token: signedBy(weak.roca), expect: weakKey },
    { id: 'm23', name: 'a key of 1024 bits', token: signedBy(weak.short), expect: weakKey },
    { id: 'm24', name: 'an unknown kid and an attacker key', token: signedBy(attacker), expect: 'key_unknown' },
    {
      id: 'm25',
      name: 'a known kid and another key',
      token: bench.signed({ key: { ...attacker, kid: rsa.kid } }),
      expect: 'signature_invalid',
    },
  ]
}
