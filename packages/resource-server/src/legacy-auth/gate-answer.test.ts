import { expect, test } from 'vitest'
import { readGateAnswer } from './gate-answer.ts'

const account = { id: 'a', upn: 'mary@contoso.com', mailbox: 'mary@contoso.com' }
const app = { id: 'app-1', label: 'iPhone', state: 'active' }
const allow = (changes: object = {}) => readGateAnswer(JSON.stringify({ decision: 'allow', account, app, ...changes }))
type Headers = Readonly<Record<string, unknown>>
const refuse = (status: unknown, headers: Headers | undefined = {}, changes: object = {}) =>
  readGateAnswer(
    JSON.stringify({ decision: 'blocked', reason: 'r', text: 't', refusal: { http: { status, headers } }, ...changes }),
  )
const offers = (status: number, headers: Headers, decision = 'blocked') => {
  const answer = refuse(status, headers, { decision })
  return typeof answer === 'string' || answer.decision === 'allow' ? answer : answer.offersBasic
}

test('an allowance names the account and, where there is one, the app', () => {
  expect(allow()).toStrictEqual({ decision: 'allow', account, app })
  expect(allow({ app: undefined, further: 1 })).toStrictEqual({ decision: 'allow', account })
  const longest = { id: 'i'.repeat(255), upn: 'u'.repeat(320), mailbox: 'm'.repeat(320) }
  expect(allow({ account: longest })).toMatchObject({ account: longest })
  const most = { id: 'i'.repeat(255), label: 'l'.repeat(500), state: 's'.repeat(40) }
  expect(allow({ app: most })).toMatchObject({ app: most })
  const read = allow()
  expect(typeof read === 'object' && 'account' in read && Object.isFrozen(read) && Object.isFrozen(read.account)).toBe(true)
})

test.for<readonly [object, string]>([
  [{ account: undefined }, 'account is not an object'],
  [{ account: null }, 'account is not an object'],
  [{ account: [] }, 'account is not an object'],
  [{ account: 'mary' }, 'account is not an object'],
  [{ account: { ...account, id: '' } }, 'account.id is not a short text'],
  [{ account: { ...account, id: 7 } }, 'account.id is not a short text'],
  [{ account: { ...account, id: 'i'.repeat(256) } }, 'account.id is not a short text'],
  [{ account: { ...account, upn: 'u'.repeat(321) } }, 'account.upn is not a short text'],
  [{ account: { ...account, mailbox: 'm\n' } }, 'account.mailbox is not a short text'],
  [{ app: 'iPhone' }, 'app is not an object'],
  [{ app: { ...app, id: undefined } }, 'app.id is not a short text'],
  [{ app: { ...app, label: 'l'.repeat(501) } }, 'app.label is not a short text'],
  [{ app: { ...app, state: 's'.repeat(41) } }, 'app.state is not a short text'],
  [{ refusal: {} }, 'an allowance with a refusal'],
  [{ decision: undefined }, 'decision is not one of the closed list'],
  [{ decision: 'Allow' }, 'decision is not one of the closed list'],
  [{ decision: 'pending' }, 'refusal is not an object'],
])('an answer with %j is none: %s', ([changes, why]) => {
  expect(allow(changes)).toBe(why)
})

test('what is no JSON object is none', () => {
  expect([readGateAnswer('x'), readGateAnswer('[]')]).toEqual(['not JSON', 'not a JSON object'])
})

test('a refusal has a reason, a text, and of the headers those that apps know', () => {
  const told = { 'x-autodiscovery-error': 'a', 'X-MS-Diagnostics': 'b', 'RETRY-AFTER': '5', 'Set-Cookie': 'c' }
  expect(refuse(403, told, { reference: 'ref' })).toStrictEqual({
    decision: 'blocked',
    reason: 'r',
    text: 't',
    reference: 'ref',
    status: 403,
    headers: [
      ['X-AutoDiscovery-Error', 'a'],
      ['x-ms-diagnostics', 'b'],
      ['Retry-After', '5'],
    ],
    offersBasic: false,
  })
  for (const status of [401, 403, 456, 503])
    for (const decision of ['pending', 'blocked', 'denied'])
      expect(refuse(status, undefined, { decision })).toMatchObject({ decision, status, headers: [] })
  expect(refuse(403)).not.toHaveProperty('reference')
  const bare = readGateAnswer(JSON.stringify({ decision: 'denied', reason: 'r', text: 't', refusal: { http: { status: 403 } } }))
  expect(bare).toMatchObject({ status: 403, headers: [] })
})

const numbered = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'x']))
test.for<readonly [unknown, Headers, object, string]>([
  [200, {}, {}, 'refusal.http.status is not one of a refusal'],
  ['403', {}, {}, 'refusal.http.status is not one of a refusal'],
  [403, numbered(33), {}, 'too many headers'],
  [403, { a: 7 }, {}, 'a header that no line can carry'],
  [403, { a: 'x'.repeat(1025) }, {}, 'a header that no line can carry'],
  [403, { a: 'x\r\n' }, {}, 'a header that no line can carry'],
  [403, { a: '\u00e4x' }, {}, 'a header that no line can carry'],
  [403, { a: 'x\u00e4' }, {}, 'a header that no line can carry'],
  [403, { 'Retry-After': '0' }, {}, 'Retry-After is not seconds'],
  [403, { 'Retry-After': '' }, {}, 'Retry-After is not seconds'],
  [403, { 'Retry-After': '12345' }, {}, 'Retry-After is not seconds'],
  [403, { 'Retry-After': '5x' }, {}, 'Retry-After is not seconds'],
  [403, { 'Retry-After': 'x5' }, {}, 'Retry-After is not seconds'],
  [403, {}, { refusal: { http: { status: 403, headers: 'x' } } }, 'refusal.http.headers is not an object'],
  [403, {}, { refusal: { http: [] } }, 'refusal.http is not an object'],
  [403, {}, { refusal: {} }, 'refusal.http is not an object'],
  [403, {}, { reason: 'r'.repeat(65) }, 'reason is not a short text'],
  [403, {}, { text: 't'.repeat(1001) }, 'text is not a short text'],
  [403, {}, { reference: 'r'.repeat(101) }, 'reference is not a short text'],
])('a refusal of %j with %j and %j is none: %s', ([status, headers, changes, why]) => {
  expect(refuse(status, headers, changes)).toBe(why)
})

test('a refusal may be as large as is allowed', () => {
  expect(refuse(403, numbered(32))).toMatchObject({ headers: [] })
  expect(refuse(403, { 'x-ms-diagnostics': 'x'.repeat(1024) })).toMatchObject({
    headers: [['x-ms-diagnostics', 'x'.repeat(1024)]],
  })
  for (const seconds of ['1', '42', '9999'])
    expect(refuse(503, { 'Retry-After': seconds })).toMatchObject({ headers: [['Retry-After', seconds]] })
  const texts = { reason: 'r'.repeat(64), text: 't'.repeat(1000), reference: 'f'.repeat(100) }
  expect(refuse(403, {}, texts)).toMatchObject(texts)
})

test('Basic is offered again where the gate offers it or the password was wrong, with 401 alone', () => {
  for (const line of ['Basic', 'basic realm="x"', 'Bearer, Basic', 'Bearer,basic x', '  Basic'])
    expect(offers(401, { 'WWW-Authenticate': line }), line).toBe(true)
  for (const line of ['Basics', 'xBasic', 'Bearer basic', 'Basic2 x', ''])
    expect(offers(401, { 'www-authenticate': line }), line).toBe(false)
  expect(offers(401, { 'x-other': 'Basic' })).toBe(false)
  expect(offers(401, { 'www-authenticate': 'Basic', 'WWW-Authenticate': 'Bearer' })).toBe(true)
  expect(offers(401, {})).toBe(false)
  expect(offers(401, {}, 'denied')).toBe(true)
  expect(offers(403, { 'www-authenticate': 'Basic' }, 'denied')).toBe(false)
})
