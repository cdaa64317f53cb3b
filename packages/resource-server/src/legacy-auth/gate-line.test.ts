import { expect, test } from 'vitest'
import { createLegacyAuth, type LegacyAuthOptions } from './legacy-auth.ts'
import type { RequestFacts } from './legacy-auth-contract.ts'

const issuer = 'https://sts.example/realm'
const account = { id: 'a', upn: 'mary@contoso.com', mailbox: 'mary@contoso.com' }
const allow = () => Response.json({ decision: 'allow', account })
const mary = `Basic ${Buffer.from('mary:pw').toString('base64')}`
const request: RequestFacts = { url: '/ews', headers: {} }

/** A line to a gate that answers at once, and what went over it. */
function makeLine(answer: () => Response | Promise<Response> = allow, options: Partial<LegacyAuthOptions> = {}) {
  const asked: { url: string; init: RequestInit | undefined }[] = []
  const problems: string[] = []
  const legacy = createLegacyAuth({
    issuer,
    clientId: 'mail',
    clientSecret: 'secret',
    protocol: 'ews',
    clock: () => new Date(1_800_000_000_000),
    fetch: async (input, init) => {
      asked.push({ url: String(input), init })
      return answer()
    },
    onProblem: (problem) => problems.push(problem),
    ...options,
  })
  return { legacy, asked, problems, check: (more: Partial<RequestFacts> = {}) => legacy.check(mary, { ...request, ...more }) }
}
const questionOf = (init: RequestInit | undefined) => JSON.parse(String(init?.body)) as Record<string, unknown>

test('the question is JSON for JSON, posted with the secret, and no redirect is followed', async () => {
  const { check, asked } = makeLine()
  const judged = await check()
  expect(judged).toStrictEqual({ outcome: 'accepted', account })
  const [{ url, init } = { url: '', init: undefined }] = asked
  expect([url, init?.method, init?.redirect]).toEqual([`${issuer}/mailgate/decide`, 'POST', 'manual'])
  expect(init?.headers).toEqual({
    authorization: `Basic ${Buffer.from('mail:secret').toString('base64')}`,
    'content-type': 'application/json',
    accept: 'application/json',
  })
  expect(questionOf(init)).toEqual({ name: 'mary', secret: 'pw', protocol: 'ews' })
})

test('a request is numbered as its client numbers it, where that is a number', async () => {
  const number = '6e9a2f10-3c1d-4c56-8b13-0f5a7c2d9e44'
  const numberOf = async (headers: Record<string, string>) => {
    const { check, asked } = makeLine()
    await check({ headers })
    return questionOf(asked[0]?.init).request
  }
  expect(await numberOf({ 'client-request-id': number })).toBe(number)
  expect(await numberOf({ 'request-id': number.toUpperCase() })).toBe(number.toUpperCase())
  for (const odd of [`x${number}`, `${number}x`, number.slice(1), 'x'])
    expect(await numberOf({ 'client-request-id': odd })).toBeUndefined()
})

test.for<readonly [() => Response, string, string]>([
  [() => new Response('{}', { headers: { 'content-type': 'text/html' } }), 'the answer is not JSON by its type', '30'],
  [() => new Response('{}', { headers: { 'content-type': 'x/application/json' } }), 'the answer is not JSON by its type', '30'],
  [() => new Response(null), 'the answer is not JSON by its type', '30'],
  [() => Response.json({}, { status: 500 }), 'it answered 500', '30'],
  [() => new Response(null, { status: 204 }), 'it answered 204', '30'],
  [() => new Response('', { status: 503, headers: { 'retry-after': '999' } }), 'it answered 503', '999'],
  [() => new Response('', { status: 503, headers: { 'retry-after': '12' } }), 'it answered 503', '12'],
  [() => new Response('', { status: 503, headers: { 'retry-after': '1000' } }), 'it answered 503', '30'],
  [() => new Response('', { status: 503, headers: { 'retry-after': '0' } }), 'it answered 503', '30'],
  [() => Response.json([]), 'the answer cannot be used: not a JSON object', '30'],
  [() => Response.json({ x: 'x'.repeat(65_536) }), 'the answer cannot be used: too large', '30'],
])('no answer is told and says when to come back: %#', async ([answer, problem, seconds]) => {
  const { check, problems } = makeLine(answer)
  expect(await check()).toStrictEqual({
    outcome: 'refused',
    status: 503,
    headers: [['Retry-After', seconds]],
    text: 'Sign-in is not available at the moment. Your password is not the reason.',
    decision: 'unavailable',
    reason: 'unavailable',
    offersBasic: false,
  })
  expect(problems).toEqual([`gate: ${problem}`])
})

test('any type that is JSON is read, and a refusal of the question is no fault of the password', async () => {
  for (const type of ['application/json;charset=utf-8', 'APPLICATION/JSON', 'application/json ; x'])
    expect(
      await makeLine(
        () => new Response(JSON.stringify({ decision: 'allow', account }), { headers: { 'content-type': type } }),
      ).check(),
    ).toMatchObject({ outcome: 'accepted' })
  const { check, problems } = makeLine(() => Response.json({}, { status: 400 }))
  expect(await check()).toStrictEqual({
    outcome: 'refused',
    status: 403,
    headers: [],
    text: 'What the request says about its app cannot be read.',
    decision: 'malformed',
    reason: 'malformed',
    offersBasic: false,
  })
  expect(problems).toEqual(['gate: it answered 400'])
})

test('what cannot be read, or goes by no mail protocol, is refused without asking', async () => {
  const malformed = {
    outcome: 'refused',
    status: 401,
    headers: [],
    text: 'The name and password cannot be read. They must be sent as UTF-8.',
    decision: 'malformed',
    reason: 'malformed',
    offersBasic: true,
  }
  const { legacy, asked } = makeLine()
  expect(await legacy.check('Basic x', request)).toStrictEqual(malformed)
  const other = makeLine(allow, { protocol: () => undefined })
  expect(await other.check()).toStrictEqual(malformed)
  expect([...asked, ...other.asked]).toEqual([])
})

test('the log hears of refusals alone', async () => {
  const told: unknown[] = []
  await makeLine(allow, { onRefused: (refused) => told.push(refused) }).check()
  expect(told).toEqual([])
  await makeLine(() => Response.json([]), { onRefused: (refused) => told.push(refused) }).check()
  expect(told).toMatchObject([{ decision: 'unavailable' }])
})

test('what is thrown is told by its name, and what is no error as unknown', async () => {
  const odd: unknown = 'no error'
  for (const [cause, name] of [
    [new RangeError('secret'), 'RangeError'],
    [odd, 'unknown reason'],
  ]) {
    const { check, problems } = makeLine(() => Promise.reject(cause))
    expect(await check()).toMatchObject({ status: 503 })
    expect(problems).toEqual([`gate: it did not answer: ${String(name)}`])
  }
})

test('an answer is remembered where that is asked for, and again from the last time that the gate was asked', async () => {
  const clock = { now: 1_800_000_000_000 }
  const options = { clock: () => new Date(clock.now) }
  const { check, asked } = makeLine(allow, options)
  await check()
  clock.now += 60_000
  await check()
  clock.now += 59_999
  await check()
  expect(asked.length).toBe(2)
  const none = makeLine(allow, { ...options, rememberSeconds: 0 })
  await none.check()
  await none.check()
  expect(none.asked.length).toBe(2)
})

test('no more questions are open at once than may be', async () => {
  const held = Promise.withResolvers<Response>()
  const { legacy, check, problems } = makeLine(() => held.promise, { mostOpen: 1 })
  const first = check()
  const joe = `Basic ${Buffer.from('joe:pw').toString('base64')}`
  expect(await legacy.check(joe, request)).toMatchObject({ status: 503, headers: [['Retry-After', '30']] })
  expect(problems).toEqual(['gate: more than 1 questions are open'])
  held.resolve(allow())
  expect(await first).toMatchObject({ outcome: 'accepted' })
  expect(await makeLine(allow).legacy.check(joe, request)).toMatchObject({ outcome: 'accepted' })
})

const address = 'issuer must be an https address without a slash at its end'
test.for<readonly [Partial<LegacyAuthOptions>, string]>([
  [{ issuer: 'http://localhost/realm' }, address],
  [{ issuer: `${issuer}/` }, address],
  [{ clientId: '' }, 'clientId and clientSecret must not be empty'],
  [{ clientSecret: '' }, 'clientId and clientSecret must not be empty'],
  [{ basicRealm: '' }, 'basicRealm must be printable ASCII without quotes'],
  [{ basicRealm: 'a"' }, 'basicRealm must be printable ASCII without quotes'],
  [{ basicRealm: 'a\\' }, 'basicRealm must be printable ASCII without quotes'],
  [{ protocol: 'gopher' as 'imap' }, 'protocol gopher is not known'],
  [{ timeoutMs: 60_001 }, 'timeoutMs must be a whole number from 1 to 60000'],
  [{ mostOpen: 0 }, 'mostOpen must be a whole number from 1 to 1000000'],
  [{ rememberSeconds: 301 }, 'rememberSeconds must be a whole number from 0 to 300'],
  [{ rememberMost: -1 }, 'rememberMost must be a whole number from 0 to 10000000'],
])('%j is misuse: %s', ([options, message]) => {
  expect(() => makeLine(allow, options)).toThrow(new TypeError(message))
})
