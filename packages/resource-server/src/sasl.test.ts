import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SaslError } from './errors.ts'
import { parseSasl, saslErrorChallenge, saslErrorFor } from './sasl.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const decoded = (challenge: string): unknown => JSON.parse(Buffer.from(challenge, 'base64').toString())

test('the published XOAUTH2 example is read', () => {
  const example =
    'dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=='
  expect(parseSasl('XOAUTH2', example)).toEqual({
    mechanism: 'XOAUTH2',
    user: 'test@contoso.onmicrosoft.com',
    token: 'EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA',
  })
})

test('OAUTHBEARER is read with and without host and port, unknown fields ignored', () => {
  expect(
    parseSasl('OAUTHBEARER', base64('n,a=mary@contoso.com,\x01host=mail.contoso.com\x01port=993\x01auth=Bearer a.b.c\x01\x01')),
  ).toEqual({
    mechanism: 'OAUTHBEARER',
    user: 'mary@contoso.com',
    token: 'a.b.c',
    host: 'mail.contoso.com',
    port: 993,
  })
  const escaped = base64('y,a=a=2Cb=3Dc@contoso.com,\x01auth=bearer  a.b.c\x01unknown=x=y\x01\x01')
  expect(parseSasl('OAUTHBEARER', escaped)).toMatchObject({ user: 'a,b=c@contoso.com', token: 'a.b.c' })
})

test.for<[mechanism: 'XOAUTH2' | 'OAUTHBEARER', text: string, code: string]>([
  ['XOAUTH2', 'user=mary\x01auth=Bearer t\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer t', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01user=joe\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Basic t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer t t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01evil=1\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=ma\nry\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=ma\0ry\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=\x01auth=Bearer t\x01\x01', 'user_missing'],
  ['XOAUTH2', 'auth=Bearer t\x01\x01', 'user_missing'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer \x01\x01', 'token_missing'],
  ['XOAUTH2', 'user=mary\x01auth=\x01\x01', 'token_missing'],
  ['XOAUTH2', 'user=mary\x01\x01', 'token_missing'],
  ['OAUTHBEARER', 'n,a=mary,\x01\x01', 'token_missing'],
  ['OAUTHBEARER', 'n,a=mary,\x01auth=\x01\x01', 'token_missing'],
  ['OAUTHBEARER', 'n,,\x01auth=Bearer t\x01\x01', 'user_missing'],
  ['OAUTHBEARER', 'n,a=,\x01auth=Bearer t\x01\x01', 'user_missing'],
  ['OAUTHBEARER', 'p=tls-unique,a=mary,\x01auth=Bearer t\x01\x01', 'channel_binding_unsupported'],
  ['OAUTHBEARER', 'x,a=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=ma=2Dry,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01port=1e3\x01auth=Bearer t\x01\x01', 'response_malformed'],
])('%s %j: %s', ([mechanism, text, code]) => {
  expect(() => parseSasl(mechanism, base64(text))).toThrow(expect.objectContaining({ name: 'SaslError', code }))
})

test('only strict base64 of strict UTF-8 is read', () => {
  const good = base64('user=mary\x01auth=Bearer t\x01\x01')
  for (const response of [
    '',
    '=',
    good.replace(/=+$/, ''),
    ` ${good}`,
    `${good}\r\n`,
    `${good.slice(0, 4)}*${good.slice(5)}`,
    Buffer.from([0xff, 0xfe]).toString('base64'),
  ]) {
    expect(() => parseSasl('XOAUTH2', response), response).toThrow(SaslError)
  }
  expect(() => parseSasl('XOAUTH2', 'A'.repeat(20_000))).toThrow(expect.objectContaining({ code: 'response_too_large' }))
})

test('it throws nothing but SaslError, whatever it is given', () => {
  const parts = fc.array(
    fc.constantFrom('user=', 'auth=Bearer ', '\x01', 'mary', 't', 'n,', 'a=', ',', '=2C', 'host=', '=', 'é', '\0'),
    { maxLength: 15 },
  )
  const wild = fc.oneof(
    fc.string({ unit: 'binary' }),
    parts.map((some) => base64(some.join(''))),
    fc.base64String(),
  )
  fc.assert(
    fc.property(fc.constantFrom('XOAUTH2' as const, 'OAUTHBEARER' as const), wild, (mechanism, response) => {
      try {
        return parseSasl(mechanism, response).token.length > 0
      } catch (error) {
        return error instanceof SaslError
      }
    }),
    { numRuns: 2000 },
  )
})

test('the error challenge has the form of its mechanism', () => {
  const openidConfiguration = 'https://sts.example/.well-known/openid-configuration'
  expect(decoded(saslErrorChallenge('XOAUTH2', { openidConfiguration }))).toEqual({
    status: '401',
    schemes: 'bearer',
    scope: 'mail',
    'openid-configuration': openidConfiguration,
  })
  expect(decoded(saslErrorChallenge('OAUTHBEARER'))).toEqual({ status: 'invalid_token' })
  expect(
    decoded(saslErrorChallenge('OAUTHBEARER', { error: saslErrorFor('insufficient_scope'), scope: 'IMAP.AccessAsUser.All' })),
  ).toEqual({
    status: 'insufficient_scope',
    scope: 'IMAP.AccessAsUser.All',
  })
  expect(decoded(saslErrorChallenge('XOAUTH2', { error: 'invalid_request' }))).toMatchObject({ status: '400' })
})

test('lengths hold to the character', () => {
  // 12 288 bytes are 16 384 characters of base64.
  const padded = (bytes: number): string => {
    const rest = 'user=m\x01auth=Bearer \x01\x01'
    return base64(rest.replace('Bearer ', `Bearer ${'t'.repeat(bytes - rest.length)}`))
  }
  expect(parseSasl('XOAUTH2', padded(12_288)).token).toHaveLength(12_288 - 21)
  expect(() => parseSasl('XOAUTH2', padded(12_289))).toThrow(expect.objectContaining({ code: 'response_too_large' }))
  const named = (length: number): string => base64(`user=${'u'.repeat(length)}\x01auth=Bearer t\x01\x01`)
  expect(parseSasl('XOAUTH2', named(320)).user).toHaveLength(320)
  expect(() => parseSasl('XOAUTH2', named(321))).toThrow(expect.objectContaining({ code: 'response_malformed' }))
})

test.for<[mechanism: 'XOAUTH2' | 'OAUTHBEARER', text: string, code: string]>([
  ['XOAUTH2', '', 'response_malformed'],
  ['XOAUTH2', '\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01=x\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01us3r=x\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=xBearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearert\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer t\n\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer =\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer t=t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=xBearer\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer x \x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=mary\x01auth=Bearer\x01\x01', 'token_missing'],
  ['XOAUTH2', 'user=mary\x01auth=bearer   \x01\x01', 'token_missing'],
  ['XOAUTH2', 'user=m\x7f\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['XOAUTH2', 'user=m\x1f\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'xn,a=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'nx,a=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', ',a=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'xp=y,a=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'x\x01n,a=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'x,n,a=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary=2,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,xa=mary,\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01port=\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01port=123456\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01port=x1\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01port=1x\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01host=h\x01\x01', 'token_missing'],
  ['OAUTHBEARER', 'n,a=mary,\x01=x\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01nothing\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x013a=x\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'n,a=mary,\x01a3=x\x01auth=Bearer t\x01\x01', 'response_malformed'],
  ['OAUTHBEARER', 'abc=,n,a=m,\x01auth=Bearer t\x01\x01', 'response_malformed'],
])('%s %j has no place: %s', ([mechanism, text, code]) => {
  expect(() => parseSasl(mechanism, base64(text))).toThrow(new SaslError(code as SaslError['code']))
})

test('a byte order mark belongs to the text, and both commas and equals signs come back each time', () => {
  expect(() => parseSasl('XOAUTH2', base64('\ufeffuser=mary\x01auth=Bearer t\x01\x01'))).toThrow(SaslError)
  const read = parseSasl('OAUTHBEARER', base64('n,a==2C=2C=3D=3D,\x01auth=BEARER    a.b==\x01port=0\x01host=\x01\x01'))
  expect(read).toEqual({ mechanism: 'OAUTHBEARER', user: ',,==', token: 'a.b==', port: 0, host: '' })
  expect(Object.isFrozen(read)).toBe(true)
  expect(Object.isFrozen(parseSasl('XOAUTH2', base64('user=m\x01auth=Bearer t\x01\x01')))).toBe(true)
  const plain = parseSasl('OAUTHBEARER', base64('n,a=m,\x01auth=Bearer t\x01port=65535\x01\x01'))
  expect(Object.keys(plain)).toEqual(['mechanism', 'user', 'token', 'port'])
  expect(plain.port).toBe(65_535)
})

test('each reason has its word, and each mechanism its number', () => {
  expect(saslErrorFor('insufficient_scope')).toBe('insufficient_scope')
  expect(saslErrorFor('user_required')).toBe('insufficient_scope')
  expect(saslErrorFor('token_expired')).toBe('invalid_token')
  expect(decoded(saslErrorChallenge('XOAUTH2', { error: 'insufficient_scope', scope: 's' }))).toEqual({
    status: '403',
    schemes: 'bearer',
    scope: 's',
  })
  expect(decoded(saslErrorChallenge('OAUTHBEARER', { openidConfiguration: 'https://x/' }))).toEqual({
    status: 'invalid_token',
    'openid-configuration': 'https://x/',
  })
})

test('a name of one letter is a name, bytes that are not UTF-8 are none', () => {
  const read = parseSasl('OAUTHBEARER', base64('n,a=m,\x01x=y\x01auth=Bearer t\x01\x01'))
  expect(Object.keys(read)).toEqual(['mechanism', 'user', 'token'])
  const broken = Buffer.concat([Buffer.from('user=m'), Buffer.from([0xff]), Buffer.from('\x01auth=Bearer t\x01\x01')])
  expect(() => parseSasl('XOAUTH2', broken.toString('base64'))).toThrow(new SaslError('response_malformed'))
})
