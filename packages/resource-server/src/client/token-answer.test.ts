import { expect, test } from 'vitest'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import { unsigned } from '../testing/loopback-issuer.ts'
import { ServerClientError } from './errors.ts'
import { readTokenAnswer } from './token-answer.ts'

const clientId = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3'
const claims = { aud: 'mail/mail.contoso.com@realm', nameid: `${clientId}@realm`, exp: 1_800_003_600 }
const token = `${unsigned({ alg: 'RS256' }, claims)}c2ln`
const read = (body: unknown, status = 200) =>
  readTokenAnswer(
    { status, headers: new Headers(), text: typeof body === 'string' ? body : JSON.stringify(body) },
    { clientId, resource: claims.aud, realm: 'realm' },
  )
const refusal = (body: unknown, status = 200): ServerClientError => {
  try {
    read(body, status)
  } catch (error) {
    if (error instanceof ServerClientError) return error
    throw error
  }
  throw new TypeError('it was accepted')
}
const good = { token_type: 'Bearer', access_token: token, expires_in: 3600 }

test('both forms of an answer are read: numbers, and numbers as texts', () => {
  const expected = { token, nameid: claims.nameid, audience: claims.aud, endsAtSeconds: claims.exp, lifeSeconds: 3600 }
  expect(read(good)).toEqual(expected)
  const v1 = {
    ...good,
    expires_in: '3600',
    ext_expires_in: '0',
    expires_on: '1800003600',
    not_before: '1800000000',
    resource: 'x',
  }
  expect(read(v1)).toEqual(expected)
  expect(read({ ...v1, expires_in: undefined })).toEqual(expected)
  expect(read({ ...good, token_type: 'bearer' })).toEqual(expected)
})

test('the times of an actor token may be texts, as in the specification', () => {
  expect(read({ ...good, access_token: `${unsigned({}, { ...claims, exp: '1800003600' })}c2ln` }).endsAtSeconds).toBe(
    1_800_003_600,
  )
})

/** Whether an actor token for `aud` is taken where `resource` was asked for. */
const takes = (aud: string, resource: string): boolean => {
  const access_token = `${unsigned({ alg: 'RS256' }, { ...claims, aud })}c2ln`
  const answer = { status: 200, headers: new Headers(), text: JSON.stringify({ ...good, access_token }) }
  try {
    return readTokenAnswer(answer, { clientId, resource, realm: 'realm' }).audience === aud
  } catch (error) {
    if (error instanceof ServerClientError && error.code === 'answer_malformed') return false
    throw error
  }
}

test('a token for the server that was asked for is taken, its host in any letter case, and no other', () => {
  const asked = 'mail/mail.contoso.com@realm'
  for (const aud of [asked, 'mail/MAIL.Contoso.com@realm']) expect(takes(aud, asked), aud).toBe(true)
  const others = [
    'mail/other.contoso.com@realm',
    'mail/mail.contoso.com.evil.example@realm',
    'Mail/mail.contoso.com@realm',
    'mail/mail.contoso.com@Realm',
    'mail/mail.contoso.com@realm@realm',
    'mail/mail.contoso.com',
    'mail@realm',
    'https://mail.contoso.com/',
    '',
  ]
  for (const aud of others) expect(takes(aud, asked), aud).toBe(false)
  expect(takes('mail/mail.contoso.com@realm', 'mail/MAIL.contoso.com')).toBe(true)
  expect(takes('mail/mail.contoso.com@other', 'mail/mail.contoso.com')).toBe(false)
})

test('what was asked for by a URI is that URI, or a server of the realm on its host', () => {
  const asked = 'https://Mail.Contoso.com:8443/ews'
  for (const aud of [asked, 'mail/mail.contoso.com@realm', 'any/MAIL.contoso.com@realm'])
    expect(takes(aud, asked), aud).toBe(true)
  const others = [
    'mail/other.contoso.com@realm',
    'mail/mail.contoso.com:8443@realm',
    'mail/mail.contoso.com@other',
    'mail@realm',
    'https://mail.contoso.com/ews',
    `${securityTokenServiceId}/mail.contoso.com@realm`,
  ]
  for (const aud of others) expect(takes(aud, asked), aud).toBe(false)
})

test('no token is remembered for longer than a day', () => {
  expect(read({ ...good, expires_in: 99_999_999 }).lifeSeconds).toBe(86_400)
})

test.each([
  ['is no JSON', 'not json'],
  ['is a list', []],
  ['says access_token twice', `{"token_type":"Bearer","expires_in":1,"access_token":"${token}","access_token":"${token}"}`],
  ['has another type of token', { ...good, token_type: 'pop' }],
  ['has no type', { ...good, token_type: undefined }],
  ['has no token', { ...good, access_token: undefined }],
  ['has a token of one part', { ...good, access_token: 'opaque' }],
  ['has a token without signature', { ...good, access_token: unsigned({}, claims) }],
  ['has a token that breaks the header line', { ...good, access_token: `${token}\r\nx-own: 1` }],
  ['has a token that no server reads', { ...good, access_token: `${token}${'a'.repeat(8192)}` }],
  ['has no life', { ...good, expires_in: undefined }],
  ['has a life that is over', { ...good, expires_in: 0 }],
  ['has a negative life', { ...good, expires_in: -5 }],
  ['has a life with a fraction', { ...good, expires_in: 1.5 }],
  ['has a life in hexadecimal', { ...good, expires_in: '0x10' }],
  ['ends before it begins', { ...good, expires_in: undefined, expires_on: 10, not_before: 20 }],
  ['has a token without nameid', { ...good, access_token: `${unsigned({}, { ...claims, nameid: undefined })}c2ln` }],
  ['has a token without audience', { ...good, access_token: `${unsigned({}, { ...claims, aud: undefined })}c2ln` }],
  ['has a token without end', { ...good, access_token: `${unsigned({}, { ...claims, exp: undefined })}c2ln` }],
  ['has a token of somebody else', { ...good, access_token: `${unsigned({}, { ...claims, nameid: 'other@realm' })}c2ln` }],
])('an answer that %s is malformed', (_what, body) => {
  const error = refusal(body)
  expect(error.code).toBe('answer_malformed')
  expect(`${error.message} ${error.detail}`).not.toContain('eyJ')
})

test('a refusal keeps its code, and says whether it is worth coming back', () => {
  expect(refusal({ error: 'invalid_client' }, 401)).toMatchObject({
    code: 'token_request_refused',
    oauthError: 'invalid_client',
    status: 401,
  })
  expect(refusal({ error: 'invalid_resource', error_description: 'unknown' }, 400)).toMatchObject({ detail: 'unknown' })
  expect(refusal('<html>', 403)).toMatchObject({ code: 'token_request_refused', oauthError: undefined })
  for (const [body, status] of [
    ['', 502],
    [{ error: 'temporarily_unavailable' }, 400],
    ['', 429],
  ] as const)
    expect(refusal(body, status).code).toBe('issuer_unavailable')
})

test('a token that a server sends back in its refusal is not repeated', () => {
  const error = refusal({ error: `e ${token}`, error_description: `your ${token}\r\nwas bad` }, 400)
  expect(error.detail).toBe('your [token] was bad')
  expect(error.oauthError).toBe('e [token]')
})

test.for<readonly [body: unknown, detail: string]>([
  ['x', 'not one JSON object'],
  [{ ...good, token_type: 'pop' }, 'token_type'],
  [{ ...good, token_type: 7 }, 'token_type'],
  [{ ...good, access_token: 'a.b' }, 'access_token'],
  [{ ...good, access_token: `x ${token}` }, 'access_token'],
  [{ ...good, access_token: `${token} x` }, 'access_token'],
  [{ ...good, expires_in: 0 }, 'expires_in'],
  [{ ...good, expires_in: '1'.repeat(13) }, 'expires_in'],
  [{ ...good, expires_in: '-1' }, 'expires_in'],
  [{ ...good, expires_in: [] }, 'expires_in'],
  [{ ...good, expires_in: -1 }, 'expires_in'],
  [{ ...good, expires_in: 2 ** 53 }, 'expires_in'],
  [{ ...good, expires_in: undefined, expires_on: 7200 }, 'expires_in'],
  [{ ...good, expires_in: undefined, not_before: 0 }, 'expires_in'],
  [{ ...good, access_token: 'a.b.c' }, 'the claims of the actor token'],
  ...[{ nameid: 7 }, { aud: [claims.aud] }, { exp: undefined }, { exp: -1 }, { exp: '1e9' }].map(
    (changes) =>
      [{ ...good, access_token: `${unsigned({}, { ...claims, ...changes })}c2ln` }, 'the claims of the actor token'] as const,
  ),
  [{ ...good, access_token: `${unsigned({}, { ...claims, nameid: 'a b' })}c2ln` }, 'the actor token is for somebody else'],
  [
    { ...good, access_token: `${unsigned({}, { ...claims, aud: 'other' })}c2ln` },
    `the actor token is for other, not for ${claims.aud}`,
  ],
])('what is malformed is named: %#', ([body, detail]) => {
  expect(refusal(body)).toMatchObject({ code: 'answer_malformed', detail, status: 200 })
})

test('the longest token and the shortest life are taken, and times may begin at zero', () => {
  const pad = 8192 - token.length
  expect(read({ ...good, access_token: `${token}${'A'.repeat(pad)}` }).token.length).toBe(8192)
  expect(read({ ...good, expires_in: 1 }).lifeSeconds).toBe(1)
  expect(read({ ...good, expires_in: undefined, expires_on: 10, not_before: 0 }).lifeSeconds).toBe(10)
  expect(read({ ...good, expires_in: '999999999999' }).lifeSeconds).toBe(86_400)
  expect(Object.isFrozen(read(good))).toBe(true)
})

test('a resource or an audience that is no principal is nobody, and no crash', () => {
  for (const [aud, asked] of [
    ['mail/mail.contoso.com@realm', 'a b'],
    ['mail/mail.contoso.com@realm', 'https://['],
    ['mail@realm', 'https://mail.contoso.com'],
    ['a b', 'mail/mail.contoso.com'],
  ] as const)
    expect(takes(aud, asked), `${aud} for ${asked}`).toBe(false)
})

test('every status from 500 on is worth coming back, and one below is not', () => {
  for (const status of [500, 503, 599]) expect(refusal('', status).code).toBe('issuer_unavailable')
  for (const status of [201, 302, 400, 499]) expect(refusal('', status).code).toBe('token_request_refused')
})
