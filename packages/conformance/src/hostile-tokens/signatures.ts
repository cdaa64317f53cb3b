/** Hostile tokens m1 to m23: the algorithm, the signature, and keys that are too weak for either. */
import { constants, createHash, createHmac, createPublicKey, sign } from 'node:crypto'
import type { Bench, Refused } from './bench.ts'
import { base64url, type SigningKey, signatureOver, signText } from './signing-key.ts'

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

export function brokenSignatures(bench: Bench): readonly Refused[] {
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

  return [
    { id: 'm1', title: 'alg none, empty signature', make: () => withHeader({ alg: 'none' }, '') },
    { id: 'm1-signed', title: 'alg none, signature kept', make: () => withHeader({ alg: 'none' }) },
    { id: 'm2', title: 'alg None', make: () => withHeader({ alg: 'None' }) },
    {
      id: 'm3',
      title: 'alg nOnE, signed again',
      make: () => bench.signed({ header: { alg: 'nOnE' } }),
    },
    { id: 'm4', title: 'alg missing', make: () => bench.signed({ header: { alg: undefined } }) },
    { id: 'm5', title: 'alg null', make: () => bench.signed({ header: { alg: null } }) },
    { id: 'm6', title: 'alg a list', make: () => bench.signed({ header: { alg: ['RS256'] } }) },
    { id: 'm6-case', title: 'alg rs256', make: () => bench.signed({ header: { alg: 'rs256' } }) },
    { id: 'm7', title: 'HS256 with the PEM as secret', make: () => hmac(hs256, payload, spki) },
    {
      id: 'm8',
      title: 'HS256 with the JWK as secret',
      make: () => hmac(hs256, payload, JSON.stringify(rsa.jwk)),
    },
    {
      id: 'm9',
      title: 'HS256 with the modulus as secret',
      make: () => hmac(hs256, payload, Buffer.from(rsa.jwk.n ?? '', 'base64url')),
    },
    { id: 'm9-rs256', title: 'an HMAC under alg RS256', make: () => hmac(bench.header(), payload, spki) },
    { id: 'm10', title: 'HS256 with an empty secret', make: () => hmac(hs256, payload, '') },
    {
      id: 'm11',
      title: 'RS384, rightly signed',
      make: () => withHeader({ alg: 'RS384' }, signatureOver(input(bench.header({ alg: 'RS384' })), rsa, 'sha384')),
    },
    {
      id: 'm12',
      title: 'PS256 over an RS256 signature',
      make: () => bench.signed({ header: { alg: 'PS256' } }),
    },
    {
      id: 'm12-pss',
      title: 'a PSS signature under alg RS256',
      make: () => `${head}.${body}.${pss(`${head}.${body}`, rsa)}`,
    },
    {
      id: 'm13',
      title: 'an all-zero signature',
      make: () => `${head}.${body}.${base64url(Buffer.alloc(256))}`,
    },
    {
      id: 'm14',
      title: 'ES256 with r = s = 0',
      make: () => `${input(ecHeader)}.${base64url(Buffer.alloc(64))}`,
    },
    {
      id: 'm14-der',
      title: 'ES256 with a DER signature',
      make: () => `${input(ecHeader)}.${sign('sha256', Buffer.from(input(ecHeader)), ec.privateKey).toString('base64url')}`,
    },
    { id: 'm15', title: 'one bit flipped', make: () => `${head}.${body}.${base64url(flipped)}` },
    {
      id: 'm15-short',
      title: 'signature cut by a byte',
      make: () => `${head}.${body}.${base64url(bytes.subarray(1))}`,
    },
    {
      id: 'm16',
      title: 'payload replaced',
      make: () => `${head}.${base64url(bench.payload({ sub: 'admin' }))}.${signature}`,
    },
    {
      id: 'm17',
      title: 'signature of another token with the same header',
      make: () => `${head}.${body}.${bench.signed({ payload: { jti: 'jti-2' } }).split('.')[2]}`,
    },
    {
      id: 'm18',
      title: 'ES256 with an RSA kid',
      make: () => bench.signed({ header: { alg: 'ES256' }, key: ec }),
    },
    {
      id: 'm18-ec',
      title: 'RS256 with an EC kid',
      make: () => bench.signed({ header: { kid: ec.kid } }),
    },
    { id: 'm19', title: 'a key with use enc', make: () => signedBy(weak.encryption) },
    { id: 'm19-alg', title: 'a key published for another alg', make: () => signedBy(weak.otherAlg) },
    { id: 'm20', title: 'alg twice, the good one last', make: () => signText(duplicate, payload, rsa) },
    {
      id: 'm20-first',
      title: 'alg twice through an escape',
      make: () => signText(`{"alg":"RS256","typ":"at+jwt","kid":"${rsa.kid}","\\u0061lg":"RS256"}`, payload, rsa),
    },
    {
      id: 'm21',
      title: 'an RSA key with exponent 1',
      make: () => `${input(oneHeader)}.${signatureOfExponentOne(input(oneHeader), 256)}`,
    },
    { id: 'm22', title: 'a ROCA key', make: () => signedBy(weak.roca) },
    { id: 'm23', title: 'a key of 1024 bits', make: () => signedBy(weak.short) },
    { id: 'm24', title: 'an unknown kid and an attacker key', make: () => signedBy(attacker) },
    {
      id: 'm25',
      title: 'a known kid and another key',
      make: () => bench.signed({ key: { ...attacker, kid: rsa.kid } }),
    },
  ]
}
