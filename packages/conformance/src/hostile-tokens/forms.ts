/** Hostile tokens m39 to m86: how the token is written, and tokens of other kinds. */

import type { Bench, Refused } from './bench.ts'
import { base64url, signatureOver, signText } from './signing-key.ts'

/** The next spelling of the same bytes: the unused bits of the last character are set. */
function otherSpelling(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return part.slice(0, -1) + alphabet.charAt(alphabet.indexOf(part.slice(-1)) + 1)
}

export function brokenForms(bench: Bench): readonly Refused[] {
  const { rsa, ec, issuer, now } = bench.scene
  const { good } = bench
  const [head = '', body = '', signature = ''] = good.split('.')
  const payload = bench.payload()
  const form = (id: string, title: string, make: () => string): Refused => ({ id, title, make })
  /** Signed over these very parts, however they are written. */
  const signedParts = (first: string, second: string): string => `${first}.${second}.${signatureOver(`${first}.${second}`, rsa)}`
  const signedPayload = (text: string | Uint8Array): string => signText(bench.header(), text, rsa)
  const header = (id: string, title: string, members: Record<string, unknown>): Refused => ({
    id,
    title,
    make: () => bench.signed({ header: members }),
  })
  const type = (id: string, title: string, typ: string | undefined, changes: Record<string, unknown> = {}): Refused => ({
    id,
    title,
    make: () => bench.signed({ header: { typ }, payload: changes }),
  })
  const nested = (depth: number): string => `${payload.slice(0, -1)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const paddedHead = base64url(`${bench.header()}${' '.repeat((3 - (bench.header().length % 3) + 1) % 3)}`)
  const jwe = (members: Record<string, unknown>): string =>
    `${base64url(JSON.stringify({ enc: 'A256GCM', ...members }))}.a2V5.aXZpdg.Y3Q.dGFn`
  const odd = 'AB'.repeat(1000)

  return [
    form('m39', 'signature with =', () => `${good}=`),
    form('m40', 'signature with ==', () => `${good}==`),
    form('m41', 'a space behind', () => `${good} `),
    form('m42', 'a space in front', () => ` ${good}`),
    form('m43', 'a space inside', () => `${head}.${body.slice(0, 10)} ${body.slice(10)}.${signature}`),
    form('m44', 'a newline behind', () => `${good}\n`),
    form('m44-inside', 'a newline inside', () => `${head}.\n${body}.${signature}`),
    form('m45', 'the standard base64 alphabet', () => `${head}.${body}.${signature.slice(0, -2)}+/`),
    form('m46', 'another spelling of the signature', () => `${head}.${body}.${otherSpelling(signature)}`),
    form('m46-header', 'another spelling of the header, signed again', () => signedParts(otherSpelling(paddedHead), body)),
    form('m47', 'a space in the header part, signed again', () => signedParts(`${head.slice(0, 4)} ${head.slice(4)}`, body)),
    form('m48', 'a padded payload part, signed again', () => signedParts(head, `${body}=`)),
    form('m49', 'an empty signature', () => `${head}.${body}.`),
    form('m50', 'two parts', () => `${head}.${body}`),
    form('m51', 'four parts', () => `${good}.${signature}`),
    form('m52', 'five parts', () => `${good}.${body}.${signature}`),
    form('m53', 'JSON serialization', () => JSON.stringify({ protected: head, payload: body, signature })),
    form('m54', 'a header that is not JSON', () => signText('alg=RS256', payload, rsa)),
    form('m55', 'a payload that is a list', () => signedPayload(`[${payload}]`)),
    form('m56', 'a payload that is a string', () => signedPayload(JSON.stringify(payload))),
    form('m56-null', 'a payload that is null', () => signedPayload('null')),
    form('m57', 'invalid UTF-8', () =>
      signedPayload(Buffer.concat([Buffer.from(payload.slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])])),
    ),
    form('m57-overlong', 'overlong UTF-8', () =>
      signedPayload(Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])),
    ),
    form('m58', 'a BOM', () => signedPayload(`\ufeff${payload}`)),
    form('m59', 'UTF-16', () => signedPayload(Buffer.from(payload, 'utf16le'))),
    form('m60', 'garbage behind the JSON', () => signedPayload(`${payload}{}`)),
    form('m61', 'a NUL behind the JSON', () => signedPayload(`${payload}\u0000`)),
    form('m61-token', 'a NUL behind the token', () => `${good}\u0000`),
    form('m62', '10,000 levels', () => signedPayload(nested(10_000))),
    form('m62-small', '2,000 levels in 8 KB', () => signedPayload(nested(2000))),
    form('m62-nine', 'one level too many', () => signedPayload(nested(8))),
    form('m63', 'a payload of 5 MB', () => signedPayload(`${payload.slice(0, -1)},"x":"${'x'.repeat(5_000_000)}"}`)),
    form('m64', 'sub twice, the last wins', () => signedPayload(`${payload.slice(0, -1)},"sub":"admin"}`)),
    form('m64-deep', 'a name twice further in', () => signedPayload(`${payload.slice(0, -1)},"act":{"sub":"a","sub":"b"}}`)),
    form('m65', 'a __proto__ claim', () => signedPayload(`${payload.slice(0, -1)},"__proto__":{"scope":"admin"}}`)),
    form('m65-constructor', 'a constructor claim', () => signedPayload(`${payload.slice(0, -1)},"x":{"constructor":{}}}`)),
    form('m65-header', '__proto__ in the header', () => signText(`${bench.header().slice(0, -1)},"__proto__":{}}`, payload, rsa)),
    form('m66', 'an unpaired surrogate in sub', () => signedPayload(payload.replace('"sub":"', '"sub":"\\ud800'))),
    form('m67', 'an encrypted token', () => jwe({ alg: 'RSA-OAEP-256' })),
    header('m67-header', 'the header of an encrypted token', { enc: 'A256GCM' }),
    header('m68', 'a nested token', { cty: 'JWT' }),
    header('m69', 'an unknown crit', { crit: ['exp2'], exp2: 1 }),
    header('m70', 'an empty crit', { crit: [] }),
    header('m71', 'crit b64', { crit: ['b64'], b64: true }),
    header('m72', 'b64 false without crit', { b64: false }),
    header('m73', 'zip', { zip: 'DEF' }),
    form('m74', 'a compressed encrypted token', () => jwe({ alg: 'dir', zip: 'DEF' })),
    form('m75', 'p2c of 2^31', () => jwe({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31, p2s: 'c2FsdA' })),
    header('m75-signed', 'p2c in a signed token', { p2c: 2 ** 31 }),
    form('m39-length', 'a part of impossible length', () => `${head}.${body}.${odd}A`),
    form('m49-empty', 'the empty string', () => ''),
    form('m49-dots', 'two dots', () => '..'),
    type('m76', 'typ JWT', 'JWT'),
    type('m77', 'no typ', undefined),
    type('m78', 'a logout token', 'logout+jwt', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }),
    type('m79', 'an ID token', 'JWT', { nonce: 'n', at_hash: 'h' }),
    type('m80', 'a refresh token', 'rt+jwt', { aud: issuer, fam: 'family' }),
    { ...type('m82', 'an actor token', 'JWT', { nameid: 'client@realm', trustedfordelegation: 'true' }) },
    {
      id: 'm84',
      title: 'a DPoP proof',
      make: () =>
        signText(
          JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: ec.jwk }),
          JSON.stringify({ htm: 'GET', htu: 'https://x', jti: 'j', iat: now }),
          ec,
        ),
    },
    type('m84-typ', 'a DPoP proof with a kid', 'dpop+jwt'),
    type('m84-spaces', 'typ with a space', 'at+jwt '),
    type('m84-prefix', 'typ with the prefix twice', 'application/application/at+jwt'),
    {
      id: 'm85',
      title: 'of the staging environment',
      make: () => bench.signed({ payload: { iss: `${issuer}-staging` } }),
    },
    {
      id: 'm86',
      title: 'client credentials on a route for people',
      make: () => bench.signed({ payload: { sub: 'outlook' } }),
      demand: 'user',
    },
  ]
}
