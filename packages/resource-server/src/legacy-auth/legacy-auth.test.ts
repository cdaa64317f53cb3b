import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { allowed, type FakeGate, mailServer, marysId, refusedWith, type Sent, startFakeGate } from '../testing/fake-gate.ts'
import { createLegacyAuth, type LegacyAuthOptions } from './legacy-auth.ts'
import type { GatedAccepted, GatedRefused, RequestFacts } from './legacy-auth-contract.ts'

let gate: FakeGate
beforeAll(async () => {
  gate = await startFakeGate()
})
afterAll(() => gate[Symbol.asyncDispose]())

let now = 1_800_000_000_000
const problems: string[] = []
beforeEach(() => {
  gate.asked.length = 0
  gate.decide = () => allowed
  problems.length = 0
})

const basic = (name: string, secret: string): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
const mary = basic('mary@contoso.com', 'Winter:2026')
const phone: RequestFacts = {
  url: '/Microsoft-Server-ActiveSync?Cmd=Sync&User=mary&DeviceId=Appl1&DeviceType=iPhone',
  method: 'POST',
  headers: { 'user-agent': 'Apple-iPhone15C4/2401', 'client-request-id': '6e9a2f10-3c1d-4c56-8b13-0f5a7c2d9e44' },
  source: '203.0.113.9',
  secure: true,
}
const create = (options: Partial<LegacyAuthOptions> = {}) =>
  createLegacyAuth({
    issuer: gate.issuer,
    ...mailServer,
    protocol: 'activesync',
    allowInsecureLoopback: true,
    clock: () => new Date(now),
    onProblem: (problem) => problems.push(problem),
    ...options,
  })

function refusal(judged: GatedAccepted | GatedRefused): GatedRefused {
  if (judged.outcome !== 'refused') throw new TypeError('accepted')
  return judged
}

test('the gate is asked as the mail server, with all that is known of the app', async () => {
  const judged = await create().check(mary, phone)
  expect(judged).toEqual({
    outcome: 'accepted',
    account: { id: marysId, upn: 'mary@contoso.com', mailbox: 'mary.miller@contoso.com' },
    app: { id: 'app-1', label: 'iPhone', state: 'active' },
  })
  expect(gate.asked).toEqual([
    {
      authorization: basic(mailServer.clientId, mailServer.clientSecret),
      question: {
        name: 'mary@contoso.com',
        secret: 'Winter:2026',
        protocol: 'activesync',
        app: { deviceId: 'Appl1', deviceType: 'iPhone', userAgent: 'Apple-iPhone15C4/2401' },
        source: '203.0.113.9',
        tls: true,
        request: '6e9a2f10-3c1d-4c56-8b13-0f5a7c2d9e44',
      },
    },
  ])
})

test('a refusal carries the status and the headers of the gate, and its text', async () => {
  gate.decide = () => refusedWith(403)
  expect(refusal(await create().check(mary, phone))).toMatchObject({
    status: 403,
    decision: 'pending',
    reason: 'app_pending',
    reference: 'ref-2',
    text: expect.stringContaining('https://sts.example/portal'),
    offersBasic: false,
  })
  const value = 'LiveIdBasicAuth:AppPasswordRequired:<RequestId=1>'
  gate.decide = () => refusedWith(456, { 'X-AutoDiscovery-Error': value, 'X-Unheard-Of': 'dropped' }, { decision: 'blocked' })
  const blocked = refusal(await create().check(mary, phone))
  expect(blocked).toMatchObject({ status: 456, headers: [['X-AutoDiscovery-Error', value]] })
})

test('Basic is offered again after a wrong password, and not where passwords are not taken', async () => {
  const offers = async (sent: Sent) => {
    gate.decide = () => sent
    return refusal(await create().check(mary, phone)).offersBasic
  }
  const wrong = { decision: 'denied', reason: 'wrong_secret' }
  expect(await offers(refusedWith(401, { 'WWW-Authenticate': 'Basic realm="x", charset="UTF-8"' }, wrong))).toBe(true)
  expect(await offers(refusedWith(401, {}, { decision: 'blocked', reason: 'protocol_blocked' }))).toBe(false)
})

test('an allowance is used again for a minute, for the same question only', async () => {
  const legacy = create()
  await legacy.check(mary, phone)
  await legacy.check(mary, { ...phone, url: phone.url.replace('Sync&', 'Ping&') })
  expect(gate.asked).toHaveLength(1)
  const others: readonly (readonly [string, RequestFacts])[] = [
    [basic('mary@contoso.com', 'Winter:2027'), phone],
    [basic('joe@contoso.com', 'Winter:2026'), phone],
    [basic('mary@contoso.com:Winter', '2026'), phone],
    [mary, { ...phone, source: '203.0.113.10' }],
    [mary, { ...phone, secure: false }],
    [mary, { ...phone, url: phone.url.replace('Appl1', 'Appl2') }],
    [mary, { ...phone, method: 'OPTIONS' }],
    [mary, { ...phone, headers: { 'user-agent': 'Other' } }],
  ]
  for (const [line, facts] of others) await legacy.check(line, facts)
  // The third one is the first one written otherwise: the first colon parts them, so it is the very same question.
  expect(gate.asked).toHaveLength(others.length)
  now += 59_999
  await legacy.check(mary, phone)
  expect(gate.asked).toHaveLength(others.length)
  now += 1
  await legacy.check(mary, phone)
  expect(gate.asked).toHaveLength(others.length + 1)
})

test('a clock that is set back ends what is remembered', async () => {
  const legacy = create()
  await legacy.check(mary, phone)
  now -= 1000
  await legacy.check(mary, phone)
  expect(gate.asked).toHaveLength(2)
})

test('a refusal is never remembered: the next try finds the app activated', async () => {
  const legacy = create()
  gate.decide = () => refusedWith(403)
  expect((await legacy.check(mary, phone)).outcome).toBe('refused')
  gate.decide = () => allowed
  expect((await legacy.check(mary, phone)).outcome).toBe('accepted')
})

test('what ended since an allowance makes the gate be asked again', async () => {
  let endedAt = Number.NEGATIVE_INFINITY
  const legacy = create({
    revocations: { isRevoked: () => false, mustAskAgain: (accountId, askedAt) => accountId === marysId && askedAt <= endedAt },
  })
  await legacy.check(mary, phone)
  endedAt = now
  gate.decide = () => refusedWith(403, {}, { decision: 'blocked', reason: 'app_blocked' })
  expect((await legacy.check(mary, phone)).outcome).toBe('refused')
})

test('several connections of a phone at once are one question', async () => {
  const legacy = create()
  const waiting = Promise.withResolvers<Sent>()
  gate.decide = () => waiting.promise
  const all = [legacy.check(mary, phone), legacy.check(mary, phone), legacy.check(mary, phone)]
  waiting.resolve(allowed)
  expect((await Promise.all(all)).map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted'])
  expect(gate.asked).toHaveLength(1)
})

test('more open questions than may be are turned away without being asked', async () => {
  const legacy = create({ mostOpen: 1 })
  const waiting = Promise.withResolvers<Sent>()
  gate.decide = () => waiting.promise
  const first = legacy.check(mary, phone)
  expect(refusal(await legacy.check(basic('joe', 'x'), phone)).status).toBe(503)
  waiting.resolve(allowed)
  expect((await first).outcome).toBe('accepted')
})

test('credentials that cannot be read are refused without asking', async () => {
  const legacy = create()
  for (const line of [
    'Basic',
    'Basic ',
    basic('', 'x'),
    basic('mary\0', 'x'),
    'Basic bWFyeQ==',
    basic('mary', 'x'.repeat(10_000)),
  ])
    expect(refusal(await legacy.check(line, phone))).toMatchObject({ status: 401, decision: 'malformed', offersBasic: true })
  expect(gate.asked).toHaveLength(0)
})

test('where a request goes by no mail protocol, passwords are neither offered nor asked about', async () => {
  const legacy = create({ protocol: ({ url }) => (url.startsWith('/ews') ? 'ews' : undefined) })
  expect(legacy.offer({ url: '/owa', headers: {} })).toBeUndefined()
  expect(legacy.offer({ url: '/ews', headers: {} })).toBe('Basic realm="Mail", charset="UTF-8"')
  expect(refusal(await legacy.check(mary, { url: '/owa', headers: {} })).status).toBe(401)
  expect(gate.asked).toHaveLength(0)
})

const body = allowed.body as Readonly<Record<string, unknown>>
const hostile: readonly (readonly [name: string, sent: Sent])[] = [
  ['garbage', { body: '\0\0garbage' }],
  ['nothing', { body: '' }],
  ['a list', { body: '[]' }],
  ['null', { body: 'null' }],
  ['10 MB', { body: JSON.stringify({ ...body, text: 'x'.repeat(10_000_000) }) }],
  ['HTML', { headers: { 'content-type': 'text/html' }, body }],
  ['no type', { headers: { 'content-type': '' }, body }],
  ['a type that only begins like JSON', { headers: { 'content-type': 'application/jsonp' }, body }],
  ['201', { status: 201, body }],
  ['204', { status: 204 }],
  ['a redirect', { status: 307, headers: { location: '/elsewhere' }, body }],
  ['401: the secret of the mail server is wrong', { status: 401, body }],
  ['403: not its protocol', { status: 403, body }],
  ['500', { status: 500, body }],
  ['a decision twice', { body: JSON.stringify(body).replace('{', '{"decision":"denied",') }],
  ['an unknown decision', { body: { ...body, decision: 'allowed' } }],
  ['a decision that is no text', { body: { ...body, decision: true } }],
  ['an allowance without account', { body: { ...body, account: undefined } }],
  ['an allowance of nobody', { body: { ...body, account: { id: '', upn: 'mary', mailbox: 'mary' } } }],
  ['an account with a line break', { body: { ...body, account: { id: '1', upn: 'mary\r\nx: y', mailbox: 'mary' } } }],
  ['an app that is a text', { body: { ...body, app: 'iPhone' } }],
  ['an allowance with a refusal', { body: { ...body, refusal: { http: { status: 403, headers: {} } } } }],
  ['a refusal without one', { body: { ...body, decision: 'blocked' } }],
  ['a refusal that would let in', refusedWith(200)],
  ['a refusal that redirects', refusedWith(302, { Location: 'https://evil.example/' })],
  ['a refusal with a status as text', refusedWith(403, {}, { refusal: { http: { status: '403', headers: {} } } })],
  ['a header that splits the answer', refusedWith(403, { 'X-AutoDiscovery-Error': 'a\r\nSet-Cookie: b=c' })],
  ['a header with a NUL', refusedWith(403, { 'X-Whatever': 'a\0b' })],
  ['a header of letters beyond ASCII', refusedWith(403, { 'X-Whatever': '\u00e4' })],
  ['a header that is a list', refusedWith(403, { 'Retry-After': ['1'] as unknown as string })],
  ['a Retry-After of a century', refusedWith(503, { 'Retry-After': '3155760000' })],
  ['headers without end', refusedWith(403, Object.fromEntries([...new Array(33)].map((_, at) => [`x-${at}`, 'x'])))],
  ['a text with a line break', refusedWith(403, {}, { text: 'a\nb' })],
  ['a reason that is none', refusedWith(403, {}, { reason: 7 })],
]

test.for(hostile)('%s is no answer: 503, nobody in, the password not blamed', async ([, sent]) => {
  gate.decide = () => sent
  const legacy = create()
  const judged = refusal(await legacy.check(mary, phone))
  expect(judged).toMatchObject({ status: 503, decision: 'unavailable' })
  expect(judged.headers).toEqual([['Retry-After', '30']])
  expect(problems).toHaveLength(1)
  expect(JSON.stringify([judged, problems])).not.toMatch(/Winter|a-secret-of-the-server/)
  // The trouble is over, and nothing of it is left.
  gate.decide = () => allowed
  expect((await legacy.check(mary, phone)).outcome).toBe('accepted')
})

test('a gate that does not answer in time is away', async () => {
  gate.decide = () => undefined
  expect(refusal(await create({ timeoutMs: 50 }).check(mary, phone)).status).toBe(503)
  expect(problems).toEqual(['gate: it did not answer: TimeoutError'])
})

test('a gate that cannot be reached is away', async () => {
  const unplugged = create({ fetch: () => Promise.reject(new TypeError('fetch failed')) })
  expect(refusal(await unplugged.check(mary, phone))).toMatchObject({ status: 503, decision: 'unavailable' })
})

test('a busy gate says when to come back', async () => {
  gate.decide = () => ({ status: 503, headers: { 'retry-after': '5' }, body: {} })
  expect(refusal(await create().check(mary, phone)).headers).toEqual([['Retry-After', '5']])
  gate.decide = () => ({ status: 503, headers: { 'retry-after': '5, 6' }, body: {} })
  expect(refusal(await create().check(mary, phone)).headers).toEqual([['Retry-After', '30']])
})

test('a question that the gate cannot read is refused so that the phone keeps its password', async () => {
  gate.decide = () => ({ status: 400, body: { error: 'activesync_query_malformed' } })
  expect(refusal(await create().check(mary, phone))).toMatchObject({ status: 403, decision: 'malformed', offersBasic: false })
})

test('the password goes nowhere but to the gate: a redirect is not followed', async () => {
  let wandered = 0
  gate.decide = () => {
    wandered += 1
    return { status: 308, headers: { location: `${gate.issuer}/mailgate/decide` }, body: {} }
  }
  await create().check(mary, phone)
  expect(wandered).toBe(1)
})

test('refusals are told to the log without a secret', async () => {
  const told: GatedRefused[] = []
  gate.decide = () => refusedWith(403)
  await create({ onRefused: (refused) => told.push(refused) }).check(mary, phone)
  expect(told.map(({ reason, reference }) => [reason, reference])).toEqual([['app_pending', 'ref-2']])
  expect(JSON.stringify(told)).not.toContain('Winter')
})

test.for<[string, Partial<LegacyAuthOptions>]>([
  ['an issuer over plain http', { allowInsecureLoopback: false }],
  ['an issuer with a slash at its end', { issuer: 'https://sts.example/realm/' }],
  ['no secret', { clientSecret: '' }],
  ['a protocol that nobody knows', { protocol: 'gopher' as 'imap' }],
  ['an hour of memory', { rememberSeconds: 3600 }],
  ['a realm that ends its header', { basicRealm: 'a"b' }],
])('%s is misuse', ([, options]) => {
  expect(() => create(options)).toThrow(TypeError)
})
