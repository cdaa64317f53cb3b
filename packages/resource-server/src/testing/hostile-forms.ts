/** Hostile tokens m39 to m86: how the token is written, and tokens of other kinds. */
import { base64url, signatureOver, signText } from './fake-issuer.ts'
import type { Bench, HostileToken } from './hostile-tokens.ts'

/** The next spelling of the same bytes: the unused bits of the last character are set. */
function otherSpelling(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return part.slice(0, -1) + alphabet.charAt(alphabet.indexOf(part.slice(-1)) + 1)
}

export function hostileForms(bench: Bench): readonly HostileToken[] {
  const { rsa, ec, issuer, now } = bench.scene
  const { good } = bench
  const [head = '', body = '', signature = ''] = good.split('.')
  const payload = bench.payload()
  const malformed = (id: string, name: string, token: string): HostileToken => ({ id, name, token, expect: 'token_malformed' })
  const tooLarge = (id: string, name: string, token: string): HostileToken => ({ id, name, token, expect: 'token_too_large' })
  /** Signed over these very parts, however they are written. */
  const signedParts = (first: string, second: string): string => `${first}.${second}.${signatureOver(`${first}.${second}`, rsa)}`
  const signedPayload = (text: string | Uint8Array): string => signText(bench.header(), text, rsa)
  const header = (id: string, name: string, members: Record<string, unknown>): HostileToken => ({
    id,
    name,
    token: bench.signed({ header: members }),
    expect: 'header_not_allowed',
  })
  const type = (id: string, name: string, typ: string | undefined, changes: Record<string, unknown> = {}): HostileToken => ({
    id,
    name,
    token: bench.signed({ header: { typ }, payload: changes }),
    expect: 'type_mismatch',
  })
  const nested = (depth: number): string => `${payload.slice(0, -1)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const paddedHead = base64url(`${bench.header()}${' '.repeat((3 - (bench.header().length % 3) + 1) % 3)}`)
  const jwe = (members: Record<string, unknown>): string =>
    `${base64url(JSON.stringify({ enc: 'A256GCM', ...members }))}.a2V5.aXZpdg.Y3Q.dGFn`
  const odd = 'AB'.repeat(1000)

  return [
    malformed('m39', 'signature with =', `${good}=`),
    malformed('m40', 'signature with ==', `${good}==`),
    malformed('m41', 'a space behind', `${good} `),
    malformed('m42', 'a space in front', ` ${good}`),
    malformed('m43', 'a space inside', `${head}.${body.slice(0, 10)} ${body.slice(10)}.${signature}`),
    malformed('m44', 'a newline behind', `${good}\n`),
    malformed('m44-inside', 'a newline inside', `${head}.\n${body}.${signature}`),
    malformed('m45', 'the standard base64 alphabet', `${head}.${body}.${signature.slice(0, -2)}+/`),
    malformed('m46', 'another spelling of the signature', `${head}.${body}.${otherSpelling(signature)}`),
    malformed('m46-header', 'another spelling of the header, signed again', signedParts(otherSpelling(paddedHead), body)),
    malformed('m47', 'a space in the header part, signed again', signedParts(`${head.slice(0, 4)} ${head.slice(4)}`, body)),
    malformed('m48', 'a padded payload part, signed again', signedParts(head, `${body}=`)),
    malformed('m49', 'an empty signature', `${head}.${body}.`),
    malformed('m50', 'two parts', `${head}.${body}`),
    malformed('m51', 'four parts', `${good}.${signature}`),
    malformed('m52', 'five parts', `${good}.${body}.${signature}`),
    malformed('m53', 'JSON serialization', JSON.stringify({ protected: head, payload: body, signature })),
    malformed('m54', 'a header that is not JSON', signText('alg=RS256', payload, rsa)),
    malformed('m55', 'a payload that is a list', signedPayload(`[${payload}]`)),
    malformed('m56', 'a payload that is a string', signedPayload(JSON.stringify(payload))),
    malformed('m56-null', 'a payload that is null', signedPayload('null')),
    malformed(
      'm57',
      'invalid UTF-8',
      signedPayload(Buffer.concat([Buffer.from(payload.slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])])),
    ),
    malformed(
      'm57-overlong',
      'overlong UTF-8',
      signedPayload(Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])),
    ),
    malformed('m58', 'a BOM', signedPayload(`\ufeff${payload}`)),
    malformed('m59', 'UTF-16', signedPayload(Buffer.from(payload, 'utf16le'))),
    malformed('m60', 'garbage behind the JSON', signedPayload(`${payload}{}`)),
    malformed('m61', 'a NUL behind the JSON', signedPayload(`${payload}\u0000`)),
    malformed('m61-token', 'a NUL behind the token', `${good}\u0000`),
    tooLarge('m62', '10,000 levels', signedPayload(nested(10_000))),
    malformed('m62-small', '2,000 levels in 8 KB', signedPayload(nested(2000))),
    malformed('m62-nine', 'one level too many', signedPayload(nested(8))),
    tooLarge('m63', 'a payload of 5 MB', signedPayload(`${payload.slice(0, -1)},"x":"${'x'.repeat(5_000_000)}"}`)),
    malformed('m64', 'sub twice, the last wins', signedPayload(`${payload.slice(0, -1)},"sub":"admin"}`)),
    malformed('m64-deep', 'a name twice further in', signedPayload(`${payload.slice(0, -1)},"act":{"sub":"a","sub":"b"}}`)),
    malformed('m65', 'a __proto__ claim', signedPayload(`${payload.slice(0, -1)},"__proto__":{"scope":"admin"}}`)),
    malformed('m65-constructor', 'a constructor claim', signedPayload(`${payload.slice(0, -1)},"x":{"constructor":{}}}`)),
    malformed('m65-header', '__proto__ in the header', signText(`${bench.header().slice(0, -1)},"__proto__":{}}`, payload, rsa)),
    malformed('m66', 'an unpaired surrogate in sub', signedPayload(payload.replace('"sub":"', '"sub":"\\ud800'))),
    malformed('m67', 'an encrypted token', jwe({ alg: 'RSA-OAEP-256' })),
    header('m67-header', 'the header of an encrypted token', { enc: 'A256GCM' }),
    header('m68', 'a nested token', { cty: 'JWT' }),
    header('m69', 'an unknown crit', { crit: ['exp2'], exp2: 1 }),
    header('m70', 'an empty crit', { crit: [] }),
    header('m71', 'crit b64', { crit: ['b64'], b64: true }),
    header('m72', 'b64 false without crit', { b64: false }),
    header('m73', 'zip', { zip: 'DEF' }),
    malformed('m74', 'a compressed encrypted token', jwe({ alg: 'dir', zip: 'DEF' })),
    malformed('m75', 'p2c of 2^31', jwe({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31, p2s: 'c2FsdA' })),
    header('m75-signed', 'p2c in a signed token', { p2c: 2 ** 31 }),
    malformed('m39-length', 'a part of impossible length', `${head}.${body}.${odd}A`),
    malformed('m49-empty', 'the empty string', ''),
    malformed('m49-dots', 'two dots', '..'),
    type('m76', 'typ JWT', 'JWT'),
    type('m77', 'no typ', undefined),
    type('m78', 'a logout token', 'logout+jwt', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }),
    type('m79', 'an ID token', 'JWT', { nonce: 'n', at_hash: 'h' }),
    type('m80', 'a refresh token', 'rt+jwt', { aud: issuer, fam: 'family' }),
    { ...type('m82', 'an actor token', 'JWT', { nameid: 'client@realm', trustedfordelegation: 'true' }) },
    {
      id: 'm84',
      name: 'a DPoP proof',
      token: signText(
        JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: ec.jwk }),
        JSON.stringify({ htm: 'GET', htu: 'https://x', jti: 'j', iat: now }),
        ec,
      ),
      expect: 'header_not_allowed',
    },
    type('m84-typ', 'a DPoP proof with a kid', 'dpop+jwt'),
    type('m84-spaces', 'typ with a space', 'at+jwt '),
    type('m84-prefix', 'typ with the prefix twice', 'application/application/at+jwt'),
    {
      id: 'm85',
      name: 'of the staging environment',
      token: bench.signed({ payload: { iss: `${issuer}-staging` } }),
      expect: 'issuer_mismatch',
    },
    {
      id: 'm86',
      name: 'client credentials on a route for people',
      token: bench.signed({ payload: { sub: 'outlook' } }),
      expect: 'user_required',
      route: 'user',
    },
  ]
}
