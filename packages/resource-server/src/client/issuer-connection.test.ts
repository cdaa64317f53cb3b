import { verify } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, importX509 } from 'jose'
import { expect, test } from 'vitest'
import type { ActorTokenUse } from '../server-to-server/actor-token-contract.ts'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import {
  caller,
  callerId,
  isSignedByCaller,
  readPart,
  realm,
  StoppedClock,
  startRecorder,
  startTokenService,
} from '../testing/loopback-issuer.ts'
import { createIssuerConnection, type IssuerConnectionOptions } from './client.ts'

/** A timer that goes off when the test says so. */
class Bell {
  readonly set: { work: () => void; milliseconds: number }[] = []
  readonly setTimer = (work: () => void, milliseconds: number): (() => void) => {
    const entry = { work, milliseconds }
    this.set.push(entry)
    return () => {
      const at = this.set.indexOf(entry)
      if (at !== -1) this.set.splice(at, 1)
    }
  }
  get pauses(): readonly number[] {
    return this.set.map(({ milliseconds }) => milliseconds)
  }
  ring(): void {
    this.set.shift()?.work()
  }
}

async function makeScene(options: Partial<IssuerConnectionOptions> = {}) {
  const clock = new StoppedClock()
  const stack = new AsyncDisposableStack()
  const sts = stack.use(await startTokenService(clock))
  const bell = new Bell()
  const problems: string[] = []
  const own = {
    issuer: sts.issuer,
    clientId: callerId,
    certificate: caller.certificate,
    privateKey: caller.privateKey,
    allowInsecureLoopback: true,
    clock: clock.now,
    setTimer: bell.setTimer,
    onProblem: (problem: string) => problems.push(problem),
  }
  const connection = createIssuerConnection({ ...own, ...options })
  return { clock, sts, bell, problems, own, connection, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const use = (number: number, more: Partial<ActorTokenUse> = {}): ActorTokenUse => ({
  at: new Date('2026-05-04T12:00:00Z'),
  outcome: 'allowed',
  actor: `${callerId}@${realm}`,
  user: 'mary@contoso.com',
  jti: `number-${number}`,
  form: 'signed',
  ...more,
})
const reported = (bodies: readonly { body: string }[]): readonly string[] =>
  bodies.flatMap(({ body }) => (JSON.parse(body) as { uses: ActorTokenUse[] }).uses.map(({ jti }) => jti ?? ''))

test('the issuer is asked about a token as RFC 7662 says, and we prove who asks', async () => {
  await using scene = await makeScene()
  const { sts, connection, clock } = scene
  expect(await connection.status.check('the-token')).toBe('active')
  const [asked] = sts.asked('oauth2/v2.0/introspect')
  const form = new URLSearchParams(asked?.body)
  expect(Object.fromEntries(form)).toEqual({
    token: 'the-token',
    client_id: callerId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: expect.any(String),
  })
  const assertion = form.get('client_assertion') ?? ''
  const key = await importX509(caller.certificate, 'RS256', { extractable: true })
  const kid = await calculateJwkThumbprint(await exportJWK(key))
  expect(readPart(assertion, 0)).toEqual({ typ: 'client-authentication+jwt', alg: 'RS256', kid })
  const { nbf, iat, exp, ...claims } = readPart(assertion, 1) as Record<string, number>
  expect(claims).toEqual({ iss: callerId, sub: callerId, aud: sts.issuer, jti: expect.stringMatching(/^[\w-]{22}$/) })
  expect([nbf, iat, exp]).toEqual([clock.seconds - 5, clock.seconds - 5, clock.seconds + 55])
  expect(isSignedByCaller(assertion)).toBe(true)
})

test('each question is asked anew, because the validator has a memory already', async () => {
  await using scene = await makeScene()
  const { sts, connection } = scene
  expect(await connection.status.check('t')).toBe('active')
  sts.introspection = () => ({ body: { active: false } })
  expect(await connection.status.check('t')).toBe('inactive')
})

test('where answers are remembered, one counts for a minute from the question, and not a second longer', async () => {
  await using scene = await makeScene({ statusSeconds: 60 })
  const { sts, connection, clock } = scene
  expect(await connection.status.check('t')).toBe('active')
  sts.introspection = () => ({ body: { active: false } })
  clock.move(59)
  expect(await connection.status.check('t')).toBe('active')
  expect(await connection.status.check('another')).toBe('inactive')
  clock.move(1)
  expect(await connection.status.check('t')).toBe('inactive')
  clock.move(-3600)
  expect(await connection.status.check('t')).toBe('inactive')
  expect(sts.asked('oauth2/v2.0/introspect').length).toBe(4)
})

test('a slow answer is not younger than the question', async () => {
  await using scene = await makeScene({ statusSeconds: 60 })
  const { sts, connection, clock } = scene
  sts.introspection = () => {
    clock.move(45)
    return { body: { active: true } }
  }
  await connection.status.check('t')
  clock.move(15)
  await connection.status.check('t')
  expect(sts.asked('oauth2/v2.0/introspect').length).toBe(2)
})

test('many who ask about one token at once make one question', async () => {
  await using scene = await makeScene()
  const { sts, connection } = scene
  const answers = await Promise.all(Array.from({ length: 20 }, () => connection.status.check('t')))
  expect(new Set(answers)).toEqual(new Set(['active']))
  expect(sts.asked('oauth2/v2.0/introspect').length).toBe(1)
})

test('whatever is no answer is unavailable, is told, and is not remembered', async () => {
  await using scene = await makeScene({ statusSeconds: 60 })
  const { sts, connection, problems, clock } = scene
  await connection.status.check('t')
  clock.move(60)
  const noAnswers = [
    { status: 503 },
    { status: 401, body: { error: 'invalid_client' } },
    { status: 302, headers: { location: '/' } },
    { body: 'active' },
    { body: { active: 'true' } },
    { body: {} },
    { body: [] },
  ]
  for (const answer of noAnswers) {
    sts.introspection = () => answer
    expect(await connection.status.check('t'), JSON.stringify(answer)).toBe('unavailable')
  }
  expect(problems.length).toBe(noAnswers.length)
  sts.introspection = () => ({ body: { active: true } })
  expect(await connection.status.check('t')).toBe('active')
})

test('an issuer that is away makes no token inactive', async () => {
  await using scene = await makeScene()
  const gone = await startRecorder(() => ({}))
  await gone[Symbol.asyncDispose]()
  const connection = createIssuerConnection({ ...scene.own, issuer: `${gone.origin}/${realm}` })
  expect(await connection.status.check('t')).toBe('unavailable')
  expect(scene.problems.join()).toContain('cannot be asked')
})

test('a token service that calls our clock wrong is asked once more by its own', async () => {
  await using scene = await makeScene()
  const { sts, connection, clock } = scene
  sts.introspection = ({ body }) => {
    const { exp } = readPart(new URLSearchParams(body).get('client_assertion') ?? '', 1) as { exp: number }
    const theirs = clock.seconds + 4000
    return exp > theirs ? { body: { active: true } } : { status: 401, headers: { date: new Date(theirs * 1000).toUTCString() } }
  }
  expect(await connection.status.check('t')).toBe('active')
  expect(sts.asked('oauth2/v2.0/introspect').length).toBe(2)
})

test('whatever the clocks differ by, a token service that forgives fifteen seconds is asked in its own time', async () => {
  for (let ahead = -60; ahead <= 60; ahead += 1) {
    await using scene = await makeScene()
    const { sts, connection, clock } = scene
    sts.introspection = ({ body }) => {
      const { nbf, exp } = readPart(new URLSearchParams(body).get('client_assertion') ?? '', 1) as { nbf: number; exp: number }
      const theirs = clock.seconds + ahead
      if (nbf <= theirs + 15 && exp > theirs - 15) return { body: { active: true } }
      return { status: 401, headers: { date: new Date(theirs * 1000).toUTCString() } }
    }
    expect(await connection.status.check('t'), `${ahead} s ahead of us`).toBe('active')
  }
})

test('uses go out together after two seconds, with our certificate as proof', async () => {
  await using scene = await makeScene()
  const { sts, connection, bell } = scene
  connection.report(use(1, { outcome: 'refused', reason: 'user_unknown', form: 'unknown' }))
  connection.report(use(2))
  expect(sts.all).toEqual([])
  expect(bell.pauses).toEqual([2000])
  bell.ring()
  await connection.flush()
  const [batch, ...more] = sts.asked('tokens/uses')
  expect(more).toEqual([])
  expect(batch?.headers['content-type']).toBe('application/json')
  expect(JSON.parse(batch?.body ?? '')).toEqual({
    uses: [
      { ...use(1), at: '2026-05-04T12:00:00.000Z', outcome: 'refused', reason: 'user_unknown', form: 'unknown' },
      { ...use(2), at: '2026-05-04T12:00:00.000Z' },
    ],
  })
  const assertion = batch?.headers.authorization?.replace('Bearer ', '') ?? ''
  expect(readPart(assertion, 1)).toMatchObject({
    aud: `${securityTokenServiceId}/${sts.host}@${realm}`,
    iss: `${callerId}@${realm}`,
    jti: expect.any(String),
  })
  const [header, payload, signature = ''] = assertion.split('.')
  const signed = Buffer.from(`${header}.${payload}`)
  expect(verify('sha256', signed, caller.certificate, Buffer.from(signature, 'base64url'))).toBe(true)
  expect(bell.pauses).toEqual([])
})

test('a hundred go at once, and no batch is larger', async () => {
  await using scene = await makeScene()
  const { sts, connection, bell } = scene
  for (let number = 0; number < 250; number += 1) connection.report(use(number))
  expect(bell.pauses).toEqual([0])
  bell.ring()
  await connection.flush()
  const batches = sts.asked('tokens/uses').map((one) => reported([one]).length)
  expect(batches).toEqual([100, 100, 50])
  expect(reported(sts.asked('tokens/uses'))).toEqual(Array.from({ length: 250 }, (_, number) => `number-${number}`))
})

test('long values are cut, and a batch has no more than 48000 characters', async () => {
  await using scene = await makeScene()
  const { sts, connection } = scene
  const long = 'x'.repeat(100_000)
  for (let number = 0; number < 90; number += 1)
    connection.report(use(number, { user: long, actor: long, realm: long, audience: `${callerId}/${'x'.repeat(400)}@x` }))
  await connection.flush()
  const bodies = sts.asked('tokens/uses').map(({ body }) => body)
  expect(Math.max(...bodies.map((body) => body.length))).toBeLessThanOrEqual(48_020)
  expect(bodies.length).toBeGreaterThan(1)
  expect(reported(sts.asked('tokens/uses')).length).toBe(90)
})

test('what the service would refuse a whole report for is left out of the one use', async () => {
  await using scene = await makeScene()
  const { sts, connection } = scene
  const own = `${callerId}/mail.contoso.com@${realm}`
  connection.report(use(1, { jti: 'no number', audience: `somebody/mail.contoso.com@${realm}`, ...{ password: 'x' } }))
  connection.report(use(2, { audience: own }))
  await connection.flush()
  const { uses } = JSON.parse(sts.asked('tokens/uses')[0]?.body ?? '') as { uses: Record<string, unknown>[] }
  expect(uses.map((one) => Object.keys(one))).toEqual([
    ['at', 'outcome', 'form', 'actor', 'user'],
    ['at', 'outcome', 'form', 'actor', 'user', 'jti', 'audience'],
  ])
  expect(uses[1]?.audience).toBe(own)
})

test('a batch that is not taken is kept, and tried again after longer and longer pauses', async () => {
  await using scene = await makeScene()
  const { sts, connection, bell, problems } = scene
  sts.uses = () => ({ status: 503, body: 'later' })
  connection.report(use(1))
  const pauses: (number | undefined)[] = []
  for (let tries = 0; tries < 7; tries += 1) {
    pauses.push(bell.pauses[0])
    bell.ring()
    await expect.poll(() => bell.pauses.length).toBe(1)
  }
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  expect(problems[0]).toBe('reporting uses of actor tokens: answer 503: later')
  for (let number = 2; number <= 150; number += 1) connection.report(use(number))
  expect(bell.pauses).toEqual([60_000]) // new uses do not hurry it, not even a hundred
  sts.uses = () => ({ status: 202 })
  await connection.flush()
  expect(new Set(reported(sts.asked('tokens/uses'))).size).toBe(150)
  connection.report(use(151))
  expect(bell.pauses).toEqual([2000])
})

test('a batch that is refused for good is counted and told, and does not hold up the next', async () => {
  await using scene = await makeScene()
  const { sts, connection, problems } = scene
  sts.uses = ({ body }) => ({ status: body.includes('number-7"') ? 400 : 202, body: 'no' })
  for (let number = 0; number < 150; number += 1) connection.report(use(number))
  await connection.flush()
  expect(problems).toEqual(['100 uses of actor tokens were not reported (100 in all): answer 400: no'])
  expect(sts.asked('tokens/uses').length).toBe(2)
})

test('the queue is bounded: what was there first stays, what comes too late is counted', async () => {
  await using scene = await makeScene({ mostWaiting: 3 })
  const { sts, connection, problems } = scene
  for (let number = 0; number < 5; number += 1) connection.report(use(number))
  await connection.flush()
  expect(reported(sts.asked('tokens/uses'))).toEqual(['number-0', 'number-1', 'number-2'])
  expect(problems.at(-1)).toBe('1 uses of actor tokens were not reported (2 in all): too many are waiting')
})

test('a use that is reported while a batch is on its way goes with the next, and none goes twice', async () => {
  await using scene = await makeScene()
  const { sts, connection } = scene
  sts.uses = () => {
    if (sts.asked('tokens/uses').length === 1) connection.report(use(2))
    return { status: 202 }
  }
  connection.report(use(1))
  await Promise.all([connection.flush(), connection.flush()])
  expect(reported(sts.asked('tokens/uses'))).toEqual(['number-1', 'number-2'])
})

test('closing sends what waits, and then takes nothing more', async () => {
  await using scene = await makeScene()
  const { sts, connection, problems, bell } = scene
  connection.report(use(1))
  await connection.close()
  expect(reported(sts.asked('tokens/uses'))).toEqual(['number-1'])
  connection.report(use(2))
  await connection.close()
  expect(sts.asked('tokens/uses').length).toBe(1)
  expect(problems).toEqual(['1 uses of actor tokens were not reported (1 in all): the connection is closed'])
  expect(bell.pauses).toEqual([])
})

test('closing does not wait for ever, and says what is lost', async () => {
  await using scene = await makeScene()
  const { sts, connection, problems, bell } = scene
  const asked = Promise.withResolvers<void>()
  sts.uses = () => {
    asked.resolve()
    return new Promise<never>(() => undefined)
  }
  connection.report(use(1))
  const closed = connection.close()
  await asked.promise
  expect(bell.pauses).toEqual([5000])
  bell.ring()
  await closed
  expect(problems).toEqual(['1 uses of actor tokens were not reported (1 in all): the connection was closed'])
})
