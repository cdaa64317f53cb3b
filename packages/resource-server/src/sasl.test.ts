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
