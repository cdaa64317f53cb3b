import { makeSigningKey } from '@postern/conformance/hostile-tokens'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EventChanges, type FakeGate, mailServer, marysId, type Sent, startFakeGate } from '../testing/fake-gate.ts'
import { createRevocationFeed, type RevocationFeed, type RevocationFeedOptions, type RevokedAccess } from './revocation-feed.ts'

let gate: FakeGate
let feed: RevocationFeed | undefined
let problems: string[] = []
/** Pauses that were asked for, in milliseconds. Each is over at once when `go` allows it. */
let pauses: number[] = []
let mayGoOn = Number.POSITIVE_INFINITY
/** Resolves the next time that something happens. */
let happened = Promise.withResolvers<void>()
const tell = (): void => {
  happened.resolve()
  happened = Promise.withResolvers<void>()
}
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await happened.promise
}

beforeEach(async () => {
  gate = await startFakeGate()
  problems = []
  pauses = []
  mayGoOn = Number.POSITIVE_INFINITY
})
afterEach(async () => {
  await feed?.close()
  await gate[Symbol.asyncDispose]()
})

const revoked: RevokedAccess[] = []
function create(options: Partial<RevocationFeedOptions> = {}): RevocationFeed {
  revoked.length = 0
  feed = createRevocationFeed({
    issuer: gate.issuer,
    ...mailServer,
    allowInsecureLoopback: true,
    onProblem(problem) {
      problems.push(problem)
      tell()
    },
    onRevoked(event) {
      revoked.push(event)
      tell()
    },
    random: () => 0.5,
    setTimer(work, milliseconds) {
      pauses.push(milliseconds)
      if (pauses.length <= mayGoOn) setImmediate(work)
      tell()
      return () => undefined
    },
    ...options,
  })
  return feed
}

/** A service that keeps what it is given, as the real one does; it never waits, and the feed is held by its pauses. */
function serve(events: string[], kept = { from: 0 }): void {
  gate.page = (query) => {
    const after = Number(query.get('after'))
    const resync = after < kept.from || after > kept.from + events.length
    const from = resync ? kept.from : after
    const page = events.slice(from - kept.from, from - kept.from + 100)
    return { body: { events: page, next: from + page.length, ...(resync ? { resync } : {}) } }
  }
}

const now = Math.floor(Date.now() / 1000)
const old = { accountId: marysId, issuedAt: now - 60 }

test('start resolves when everything that had ended counts, page by page', async () => {
  const events = Array.from({ length: 230 }, (_, at) => gate.event(at + 1, { kind: 'session', session_id: `s${at + 1}` }))
  serve(events)
  const { start, revocations } = create()
  await start()
  expect(feed?.cursor).toBe(230)
  expect(revocations.isRevoked({ ...old, sessionId: 's230' })).toBe(true)
  expect(revocations.isRevoked({ ...old, sessionId: 's231' })).toBe(false)
  // It waits for nothing until it has caught up.
  expect(gate.pages.slice(0, 4)).toEqual([0, 100, 200, 230].map((after) => `?after=${after}&wait=0`))
  await until(() => pauses.length > 0)
  expect(gate.pages).toContain('?after=230&wait=25')
})

test.for([
  ['signed-out', {}, {}],
  ['password-changed', {}, {}],
  ['account-disabled', {}, {}],
  ['account-removed', {}, {}],
  ['account-renamed', {}, {}],
  ['session', { session_id: 'x' }, { sessionId: 'x' }],
  ['refresh-family', { family_id: 'x', client_id: 'c' }, { familyId: 'x' }],
  ['client-disabled', { client_id: 'x' }, { clientId: 'x' }],
  ['something-of-tomorrow', {}, {}],
] as const)('%s ends the tokens that it names', async ([kind, members, named]) => {
  const claims = kind === 'client-disabled' ? { sub_id: { format: 'opaque', id: 'x' } } : {}
  serve([gate.event(1, { kind, ...members }, { claims })])
  const { start, revocations } = create()
  await start()
  expect(problems).toEqual([])
  expect(revocations.isRevoked({ ...old, ...named })).toBe(true)
  expect(revocations.isRevoked({ ...old, ...named, issuedAt: now + 60 })).toBe(false)
  expect(revoked).toMatchObject([{ number: 1, kind }])
})

test('the end of a mail app or app password ends no token, and makes answers be asked for again', async () => {
  serve([gate.event(1, { kind: 'mail-app', app_id: 'app-1' })])
  const { start, revocations } = create()
  const before = Date.now()
  await start()
  expect(revocations.isRevoked(old)).toBe(false)
  expect(revocations.mustAskAgain(marysId, before)).toBe(true)
  expect(revocations.mustAskAgain('joe', before)).toBe(false)
})

const stranger = makeSigningKey('stranger')
const ec = makeSigningKey('feed-1', 'ES256')
test.for<[string, EventChanges, Record<string, unknown>?]>([
  ['another typ', { header: { typ: 'JWT' } }],
  ['the typ of an access token', { header: { typ: 'at+jwt' } }],
  ['no typ', { header: { typ: undefined } }],
  ['alg none', { header: { alg: 'none' } }],
  ['another algorithm', { header: { alg: 'ES256' }, key: ec }],
  ['a key that is not published', { header: { kid: 'stranger' }, key: stranger }],
  ['a signature of another key', { key: stranger }],
  ['a header that names a key', { header: { jku: 'https://evil.example/keys' } }],
  ['another issuer', { claims: { iss: 'https://sts.example/x' } }],
  ['another reader', { claims: { aud: 'another' } }],
  ['several readers', { claims: { aud: [mailServer.clientId, 'another'] } }],
  ['no jti', { claims: { jti: undefined } }],
  ['the number of another realm', { claims: { jti: 'other:1' } }],
  ['a number that is none', { claims: { jti: '5f0c2c1e-9f57-4f0e-8c39-0a6d3f2a7b11:1e3' } }],
  ['no events', { claims: { events: undefined } }],
  ['an event of another sort', { type: 'https://schemas.openid.net/secevent/risc/event-type/account-purged' }],
  ['a subject of another issuer', { claims: { sub_id: { format: 'iss_sub', iss: 'https://evil.example', sub: 'x' } } }],
  ['a subject in a form that nobody knows', { claims: { sub_id: { format: 'phone_number', phone_number: '+1' } } }],
  ['no subject', { claims: { sub_id: undefined } }],
  ['a time in milliseconds', {}, { event_timestamp: now * 1000 }],
  ['no time', {}, { event_timestamp: undefined }],
  ['a session without its name', {}, { kind: 'session' }],
  ['an account event about nobody', { claims: { sub_id: { format: 'opaque', id: 'x' } } }],
])('an event with %s is refused, told, and not passed over', async ([, changes, members = {}]) => {
  serve([gate.event(1, {}), gate.event(2, members, changes), gate.event(3, {})])
  mayGoOn = 1
  const { start } = create()
  const ready = start()
  await until(() => pauses.length === 2)
  expect(feed?.cursor).toBe(1)
  expect(problems[0]).toMatch(/^revocation feed: an event was refused: [a-z_]+/)
  expect(gate.pages.at(-1)).toBe('?after=1&wait=0')
  await feed?.close()
  await ready
})

test('events out of order, twice, or beyond what the page says are refused', async () => {
  for (const events of [
    [gate.event(2, {}), gate.event(1, {})],
    [gate.event(1, {}), gate.event(1, {})],
    [gate.event(1, {}), gate.event(3, {})],
  ]) {
    gate.page = () => ({ body: { events, next: 2 } })
    mayGoOn = 0
    pauses.length = 0
    problems.length = 0
    void create().start()
    await until(() => pauses.length === 1)
    expect(problems.join()).toMatch(/out of order/)
    await feed?.close()
  }
})

test.for<[string, Sent]>([
  ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
  ['401', { status: 401, body: {} }],
  ['500', { status: 500, body: 'oops' }],
  ['garbage', { body: '{' }],
  ['HTML', { headers: { 'content-type': 'text/html' }, body: '<p>' }],
  ['10 MB', { body: JSON.stringify({ events: [], next: 1, more: 'x'.repeat(10_000_000) }) }],
  ['no next', { body: { events: [] } }],
  ['next as text', { body: { events: [], next: '7' } }],
  ['a negative next', { body: { events: [], next: -1 } }],
  ['events that are no tokens', { body: { events: [{}], next: 1 } }],
  ['too many events', { body: { events: Array.from({ length: 101 }, () => 'x'), next: 101 } }],
])('%s is no page: it is told, and asked for again', async ([, sent]) => {
  gate.page = () => sent
  mayGoOn = 0
  const { start } = create()
  void start()
  await until(() => pauses.length === 1)
  expect(problems).toHaveLength(1)
  expect(problems[0]).not.toContain(mailServer.clientSecret)
  expect(feed?.cursor).toBe(0)
})

test('pauses after trouble grow with jitter to a minute, end with success, and obey Retry-After', async () => {
  gate.page = () => ({ status: 503 })
  mayGoOn = 8
  void create().start()
  await until(() => pauses.length === 9)
  expect(pauses).toEqual([750, 1500, 3000, 6000, 12_000, 24_000, 45_000, 45_000, 45_000])
  await feed?.close()
  gate.page = () => ({ status: 503, headers: { 'retry-after': '90' } })
  pauses.length = 0
  mayGoOn = 0
  void create().start()
  await until(() => pauses.length === 1)
  expect(pauses).toEqual([90_000])
})

test('an event whose page was lost on the way is told again', async () => {
  const events = [gate.event(1, {})]
  let lost = true
  gate.page = (query) => {
    const page = query.get('after') === '0' ? events : []
    if (lost) {
      lost = false
      return { body: JSON.stringify({ events: page, next: 1 }).slice(0, -20) }
    }
    return { body: { events: page, next: 1 } }
  }
  const { start, revocations } = create()
  await start()
  expect(revocations.isRevoked(old)).toBe(true)
})

test('a feed goes on where an earlier one stood', async () => {
  serve([gate.event(1, {}), gate.event(2, { kind: 'session', session_id: 's2' })])
  const { start, revocations } = create({ cursor: 1 })
  await start()
  expect(revoked.map(({ number }) => number)).toEqual([2])
  expect(revocations.isRevoked(old)).toBe(false)
})

test('a gap drops every remembered answer and is told; tokens stay', async () => {
  serve([gate.event(41, { kind: 'session', session_id: 's41' })], { from: 40 })
  const before = Date.now()
  const { start, revocations } = create({ cursor: 7 })
  await start()
  expect(problems).toEqual([expect.stringContaining('events after 7 are gone')])
  expect(revocations.mustAskAgain('joe', before)).toBe(true)
  expect(revocations.isRevoked(old)).toBe(false)
  expect(feed?.cursor).toBe(41)
})

test('a gap behind which nothing is left is passed once', async () => {
  serve([], { from: 40 })
  await create({ cursor: 7 }).start()
  expect(feed?.cursor).toBe(40)
})

test('from the beginning, there is no gap in what was never known', async () => {
  serve([gate.event(41, {})], { from: 40 })
  await create().start()
  expect(problems).toEqual([])
  expect(feed?.cursor).toBe(41)
})

test('a service that was put back to an older state is followed again from there', async () => {
  serve([gate.event(1, {}), gate.event(2, {})])
  const { start } = create({ cursor: 90 })
  await start()
  expect(problems).toEqual([expect.stringContaining('events after 90 are gone')])
  expect(feed?.cursor).toBe(2)
})

test('a listener that throws is told of, and ends nothing', async () => {
  serve([gate.event(1, {}), gate.event(2, { kind: 'session', session_id: 's2' })])
  const { start, revocations } = create({
    onRevoked: ({ number }) => {
      if (number === 1) throw new RangeError('a fault of the listener')
    },
  })
  await start()
  expect(problems).toEqual(['revocation feed: fault: a fault of the listener'])
  expect(revocations.isRevoked({ ...old, sessionId: 's2' })).toBe(true)
})

test('close ends a page that is waited for, and a start that has not caught up', async () => {
  gate.page = () => undefined
  const { start, close } = create()
  const ready = start()
  await close()
  await ready
  expect(problems).toEqual([])
})

test.for<[string, Partial<RevocationFeedOptions>]>([
  ['plain http', { allowInsecureLoopback: false }],
  ['a slash at its end', { issuer: 'https://sts.example/realm/' }],
  ['no secret', { clientSecret: '' }],
  ['a cursor below zero', { cursor: -1 }],
])('%s is misuse', ([, options]) => {
  expect(() => create(options)).toThrow(TypeError)
})
