import { makeSigningKey, signText } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { DocumentServer } from '../testing/fake-issuer.ts'
import { createRevocationFeed, type RevocationFeedOptions, type RevokedAccess } from './revocation-feed.ts'

const now = 1_800_000_000
const key = makeSigningKey('feed')
const session = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'

/**
 * A feed over fixed pages, one for each question; behind the last it is asked and never answered. `pauses` go by at once; `stopped`
 * resolves when all pages were taken.
 */
function makeFeed(pages: readonly (object | Error)[], options: Partial<RevocationFeedOptions> = {}) {
  const issuer = options.issuer ?? 'https://sts.example/realm'
  const realm = issuer.split('/').at(-1) ?? ''
  const keys = new DocumentServer()
  keys.documents.set(`${issuer}/.well-known/openid-configuration`, { issuer, jwks_uri: `${issuer}/keys` })
  keys.documents.set(`${issuer}/keys`, { keys: [key.jwk] })
  const asked: string[] = []
  const told: string[] = []
  const revoked: RevokedAccess[] = []
  const pauses: number[] = []
  const stopped = Promise.withResolvers<void>()
  const page = async (url: string, signal: AbortSignal | null | undefined): Promise<Response> => {
    asked.push(url.slice(url.indexOf('?')))
    const next = pages[asked.length - 1]
    if (next instanceof Error) throw next
    if (next !== undefined) return Response.json(next)
    stopped.resolve()
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  }
  const feed = createRevocationFeed({
    issuer,
    clientId: 'mail',
    clientSecret: 'secret',
    clock: () => new Date(now * 1000),
    fetch: (input, init) => (String(input).includes('/mailgate/') ? page(String(input), init?.signal) : keys.fetch(input, init)),
    random: () => 0.5,
    setTimer(work, milliseconds) {
      pauses.push(milliseconds)
      setImmediate(work)
      return () => undefined
    },
    onProblem: (problem) => told.push(problem),
    onRevoked: (event) => revoked.push(event),
    ...options,
  })
  const event = (number: number, changes: { header?: object; claims?: object; event?: object } = {}) => {
    const claims = {
      iss: issuer,
      aud: 'mail',
      iat: now,
      jti: `${realm}:${number}`,
      sub_id: { format: 'iss_sub', iss: issuer, sub: 'mary' },
      events: { [session]: { event_timestamp: now, kind: 'signed-out', ...changes.event } },
      ...changes.claims,
    }
    return signText(
      JSON.stringify({ alg: 'RS256', typ: 'secevent+jwt', kid: key.kid, ...changes.header }),
      JSON.stringify(claims),
      key,
    )
  }
  return { feed, asked, told, revoked, pauses, event, stopped: stopped.promise }
}
const { event } = makeFeed([])
const empty = (next: number) => ({ events: [], next })

test('what ended is told with the names that it has, and the feed waits only once it has caught up', async () => {
  const pages = [
    {
      events: [
        event(1),
        event(2, { event: { kind: 'client-disabled', client_id: 'c' }, claims: { sub_id: { format: 'opaque', id: 'x' } } }),
      ],
      next: 2,
    },
    empty(2),
    empty(2),
  ]
  const { feed, asked, told, revoked, pauses, stopped } = makeFeed(pages)
  await feed.start()
  await stopped
  expect(revoked).toStrictEqual([
    { number: 1, kind: 'signed-out', accountId: 'mary' },
    { number: 2, kind: 'client-disabled', id: 'c' },
  ])
  expect(revoked.every((one) => Object.isFrozen(one))).toBe(true)
  expect(asked).toEqual(['?after=0&wait=0', '?after=2&wait=0', '?after=2&wait=25', '?after=2&wait=25'])
  // One pause, behind the empty page that was waited for.
  expect([pauses, told]).toEqual([[250], []])
  await feed.close()
})

test('nobody need listen', async () => {
  const pages = [new TypeError('unplugged'), { events: [event(1)], next: 1 }, empty(1)]
  const { feed, pauses } = makeFeed(pages, { onProblem: undefined as never, onRevoked: undefined as never })
  await feed.start()
  expect(pauses).toEqual([750])
  expect(feed.revocations.isRevoked({ accountId: 'mary', issuedAt: now })).toBe(true)
  await feed.close()
})

test('behind a page with events the next one is asked for at once', async () => {
  const { feed, pauses, stopped } = makeFeed([empty(0), { events: [event(1)], next: 1 }])
  await feed.start()
  await stopped
  expect([pauses, feed.cursor]).toEqual([[], 1])
  await feed.close()
})

test('the realm is the last part of the issuer', async () => {
  const issuer = 'https://sts.example/tenants/realm'
  const deep = makeFeed([], { issuer })
  const { feed, told } = makeFeed([{ events: [deep.event(1)], next: 1 }, empty(1)], { issuer })
  await feed.start()
  expect([feed.cursor, told]).toEqual([1, []])
  await feed.close()
})

const odd: unknown = 'no error'
test.for<readonly [object | Error, string]>([
  [new TypeError('unplugged'), 'the service did not answer: unplugged'],
  [{ events: {}, next: 1 }, 'the answer is not a page of events'],
  [{ events: [event(1, { header: { typ: 'JWT' } })], next: 1 }, 'an event was refused: type_mismatch'],
  [
    { events: [event(1, { claims: { jti: 'x' } })], next: 1 },
    'an event was refused: claim_invalid jti: not a number of this realm',
  ],
  [{ events: [event(2)], next: 1 }, 'event 2 is out of order'],
  [{ events: [event(1), event(1)], next: 1 }, 'event 1 is out of order'],
])('trouble is told, and the next page is asked for after a pause: %#', async ([trouble, expected]) => {
  const { feed, told, pauses } = makeFeed([trouble, empty(1)])
  await feed.start()
  expect(told).toEqual([`revocation feed: ${expected}`])
  expect(pauses[0]).toBe(750)
  await feed.close()
})

test('what a listener throws is a fault that ends nothing, whatever it throws', async () => {
  for (const [fault, said] of [
    [new RangeError('gone'), 'gone'],
    [odd, 'unknown'],
  ]) {
    const { feed, told } = makeFeed([{ events: [event(1)], next: 1 }, empty(1)], {
      onRevoked: () => {
        throw fault
      },
    })
    await feed.start()
    expect(told).toEqual([`revocation feed: fault: ${String(said)}`])
    await feed.close()
  }
})

test('without a source of chance of the caller the first pause is half a second to a whole one', async () => {
  const { feed, pauses } = makeFeed([new TypeError('x'), empty(0)], { random: undefined as never })
  await feed.start()
  expect(pauses[0]).toBeGreaterThanOrEqual(500)
  expect(pauses[0]).toBeLessThan(1000)
  await feed.close()
})

test('close calls off the pause that is waited for', async () => {
  const set: number[] = []
  let calledOff = 0
  const paused = Promise.withResolvers<void>()
  const { feed } = makeFeed([new TypeError('x')], {
    setTimer(_work, milliseconds) {
      set.push(milliseconds)
      paused.resolve()
      return () => {
        calledOff += 1
      }
    },
  })
  const ready = feed.start()
  await paused.promise
  await feed.close()
  await ready
  expect([set, calledOff]).toEqual([[750], 1])
})

const address = 'issuer must be an https address without a slash at its end'
test.for<readonly [Partial<RevocationFeedOptions>, string]>([
  [{ issuer: 'http://localhost/realm' }, address],
  [{ issuer: 'x' }, address],
  [{ issuer: 'https://sts.example/realm/' }, address],
  [{ clientId: '' }, 'clientId and clientSecret must not be empty'],
  [{ clientSecret: '' }, 'clientId and clientSecret must not be empty'],
  [{ maxLifetimeSeconds: 0 }, 'maxLifetimeSeconds must be a whole number from 1 to 31536000'],
  [{ mostMarks: 0 }, 'mostMarks must be a whole number from 1 to 10000000'],
  [{ cursor: -1 }, 'cursor must be a whole number from 0 to 9007199254740991'],
])('%j is misuse: %s', ([options, message]) => {
  expect(() => makeFeed([], options)).toThrow(new TypeError(message))
})
