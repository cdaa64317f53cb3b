import { randomUUID } from 'node:crypto'
import { createRevocationFeed } from '@postern/resource-server'
import type { ClientId, Revocation } from '@postern/storage'
import type { TestClient } from '@postern/sts/testing'
import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startWorld, type World } from '../support/world.ts'

const sessionRevoked = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'
const credentialChange = 'https://schemas.openid.net/secevent/caep/event-type/credential-change'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

interface Page {
  readonly events: readonly string[]
  readonly next: number
  readonly resync?: boolean
}

const basic = ({ clientId, clientSecret = '' }: Pick<TestClient, 'clientId' | 'clientSecret'>) =>
  `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`

const ask = (query: string, authorization: string | undefined = basic(world.sts.clients.server)) =>
  fetch(`${world.issuer}/mailgate/events${query}`, { headers: authorization === undefined ? {} : { authorization } })

async function read(query: string): Promise<Page> {
  const answer = await ask(query)
  if (answer.status !== 200) throw new TypeError(`${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as Page // its members are what the stories look at
}

const last = async () => (await world.sts.kept.revocations.bounds()).last
const end = (change: Partial<Revocation> & Pick<Revocation, 'kind'>) =>
  world.sts.kept.revocations.append({ at: new Date(), accountId: world.sts.joe.account.id, ...change })
const eventOf = (claims: JWTPayload) => Object.entries(claims.events as Readonly<Record<string, object>>)[0] ?? [] // of a SET

describe('an event', () => {
  test('is signed by the realm for the reader alone, and says what has ended, for whom and when', async () => {
    const { sts, issuer } = world
    const before = await last()
    const at = new Date()
    await sts.kept.accounts.signOut(sts.joe.account.id, at)
    const { events, next } = await read(`?after=${before}`)
    expect([events.length, next]).toEqual([1, before + 1])
    const { payload, protectedHeader } = await jwtVerify(
      events[0] ?? '',
      createRemoteJWKSet(new URL(`${issuer}/discovery/v2.0/keys`)),
      { issuer, audience: sts.clients.server.clientId, typ: 'secevent+jwt', algorithms: ['RS256'], currentDate: new Date() },
    )
    expect(protectedHeader.typ).toBe('secevent+jwt')
    const { iat, ...claims } = payload
    expect(iat).toBe(Math.floor(Date.now() / 1000))
    expect(claims).toEqual({
      iss: issuer,
      aud: sts.clients.server.clientId,
      jti: `${sts.realm.id}:${next}`,
      sub_id: { format: 'iss_sub', iss: issuer, sub: sts.joe.account.id },
      events: {
        [sessionRevoked]: {
          event_timestamp: Math.floor(at.getTime() / 1000),
          reason_admin: { en: 'signed-out' },
          kind: 'signed-out',
        },
      },
    })
  })

  test.each([
    [{ kind: 'password-changed' }, credentialChange, { credential_type: 'password', change_type: 'update' }],
    [{ kind: 'app-password', mailAppId: 'a-1' }, credentialChange, { credential_type: 'app-password', app_id: 'a-1' }],
    [{ kind: 'mail-app', mailAppId: 'a-1' }, sessionRevoked, { app_id: 'a-1' }],
    [{ kind: 'session', sessionId: 's-1', clientId: 'c-1' }, sessionRevoked, { session_id: 's-1', client_id: 'c-1' }],
    [{ kind: 'refresh-family', familyId: 'f-1', clientId: 'c-1' }, sessionRevoked, { family_id: 'f-1', client_id: 'c-1' }],
    [{ kind: 'account-disabled' }, sessionRevoked, { initiating_entity: 'admin' }],
    [{ kind: 'account-renamed', upn: 'was@contoso.com' }, sessionRevoked, { initiating_entity: 'admin' }],
  ] as const)('of %o has the members that narrow it down', async (change, type, members) => {
    const before = await last()
    await end(change)
    const [token = ''] = (await read(`?after=${before}`)).events
    expect(eventOf(decodeJwt(token))).toEqual([type, expect.objectContaining({ kind: change.kind, ...members })])
  })

  test('of a client is about the client', async () => {
    const before = await last()
    await world.sts.kept.revocations.append({ at: new Date(), kind: 'client-disabled', clientId: 'c-1' })
    const [token = ''] = (await read(`?after=${before}`)).events
    expect(decodeJwt(token).sub_id).toEqual({ format: 'opaque', id: 'c-1' })
  })

  test('opens nothing: it is no token of access', async () => {
    const before = await last()
    await end({ kind: 'session', sessionId: 's-2' })
    const [token = ''] = (await read(`?after=${before}`)).events
    const headers = { authorization: basic(world.sts.clients.server) }
    const body = new URLSearchParams({ token })
    const inspected = await fetch(`${world.issuer}/oauth2/v2.0/introspect`, { method: 'POST', headers, body })
    expect(await inspected.json()).toEqual({ active: false })
    const asked = await fetch(`${world.issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${token}` } })
    expect(asked.status).toBe(401)
  })
})

describe('a reader', () => {
  test('gets all of it in order, a hundred at a time, and the same again from the same place', async () => {
    const before = await last()
    await world.sts.store.transaction(async () => {
      for (let number = 0; number < 150; number += 1) await end({ kind: 'session', sessionId: `n-${number}` })
    })
    const first = await read(`?after=${before}`)
    const second = await read(`?after=${first.next}`)
    const third = await read(`?after=${second.next}`)
    expect([first, second, third].map(({ events, next }) => [events.length, next - before])).toEqual([
      [100, 100],
      [50, 150],
      [0, 150],
    ])
    const jtis = [...first.events, ...second.events].map((token) => decodeJwt(token).jti)
    expect(jtis).toEqual(Array.from({ length: 150 }, (_, at) => `${world.sts.realm.id}:${before + at + 1}`))
    expect(await read(`?after=${before}`)).toEqual(first)
  })

  test('may wait, and is answered when something ends', async () => {
    const before = await last()
    const waiting = read(`?after=${before}&wait=30`)
    await end({ kind: 'session', sessionId: 'waited' })
    const { events, next } = await waiting
    expect([events.map((token) => eventOf(decodeJwt(token))[1]), next]).toEqual([
      [expect.objectContaining({ session_id: 'waited' })],
      before + 1,
    ])
  })

  test('that waits in vain is answered with nothing', async () => {
    const before = await last()
    expect(await read(`?after=${before}&wait=1`)).toEqual({ events: [], next: before })
  })

  test('with a number that this database never gave out begins with the oldest that is kept', async () => {
    const newest = await last()
    const { events, resync, next } = await read(`?after=${newest + 1_000}&wait=30`)
    expect([resync, events.length, next]).toEqual([true, Math.min(100, newest), Math.min(100, newest)])
  })
})

describe('nobody reads it', () => {
  const cases: readonly (readonly [string, () => string | undefined])[] = [
    ['without credentials', () => undefined],
    ['with a wrong secret', () => basic({ ...world.sts.clients.server, clientSecret: 'x'.repeat(43) })],
    ['who is not known', () => basic({ clientId: randomUUID(), clientSecret: 'x' })],
    ['who is a client but no mail server', () => basic(world.sts.clients.confidential)],
    ['by a token', () => 'Bearer abc'],
  ]
  test.each(cases)('%s', async (_who, authorization) => {
    const url = `${world.issuer}/mailgate/events`
    const shown = authorization()
    const answer = await fetch(url, { headers: shown === undefined ? {} : { authorization: shown } })
    expect([answer.status, answer.headers.get('www-authenticate')?.split(' ')[0]]).toEqual([401, 'Basic'])
    expect(await answer.json()).toMatchObject({ error: 'unknown_mail_server', reference: expect.any(String) })
  })

  test('but a client that was made a mail server, by that alone', async () => {
    const { clientId } = world.sts.clients.confidential
    await world.sts.kept.mailServers.put({
      clientId: clientId as ClientId, // a brand has no runtime part
      protocols: ['imap'],
      upstreams: {},
      createdAt: new Date(),
    })
    expect((await ask('', basic(world.sts.clients.confidential))).status).toBe(200)
  })

  test.each(['?after=-1', '?after=x', '?wait=31', '?wait=1.5', '?after=1&after=2', '?since=1', `?after=${'9'.repeat(16)}`])(
    'with %s',
    async (query) => {
      const answer = await ask(query)
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'request_malformed' })])
    },
  )
})

test('the library follows it: what ended before it began and what ends later counts there', async () => {
  const { sts, issuer } = world
  const { clientId, clientSecret = '' } = sts.clients.server
  const issuedAt = Math.floor(Date.now() / 1000)
  const token = (accountId: string) => ({ accountId, issuedAt })
  await sts.kept.accounts.signOut(sts.joe.account.id, new Date())
  const revoked = Promise.withResolvers<void>()
  const problems: string[] = []
  const feed = createRevocationFeed({
    issuer,
    clientId,
    clientSecret,
    allowInsecureLoopback: true,
    onProblem: (problem) => problems.push(problem),
    onRevoked: ({ accountId }) => accountId === sts.mary.account.id && revoked.resolve(),
  })
  onTestFinished(() => feed.close())
  await feed.start()
  expect(feed.revocations.isRevoked(token(sts.joe.account.id))).toBe(true)
  expect(feed.revocations.isRevoked(token(sts.mary.account.id))).toBe(false)
  await sts.kept.accounts.signOut(sts.mary.account.id, new Date())
  await revoked.promise
  expect(feed.revocations.isRevoked(token(sts.mary.account.id))).toBe(true)
  expect(problems).toEqual([])
})

test('what is older than seven days is gone, and a reader who comes from before it is told', async () => {
  const before = await last()
  await end({ kind: 'session', sessionId: 'old' })
  world.pass(8 * 86_400)
  while ((await world.sts.service.removeExpired()) > 0);
  await end({ kind: 'session', sessionId: 'new' })
  const { events, next, resync } = await read(`?after=${before}`)
  expect([events.length, next, resync]).toEqual([1, before + 2, true])
  expect(await read(`?after=${before + 1}`)).toEqual({ events, next })
})
