import { expect, test } from 'vitest'
import type { ActorTokenUse } from '../server-to-server/actor-token-contract.ts'
import { caller, callerId, realm, StoppedClock } from '../testing/loopback-issuer.ts'
import type { SentRequest } from './exchange.ts'
import { readSigningIdentity } from './signing-identity.ts'
import { createTokenStatus } from './token-status.ts'
import { createUseReports } from './use-reports.ts'

const issuer = { issuer: `https://sts.example/${realm}`, realm }
const identity = readSigningIdentity({ clientId: callerId, ...caller })
type Answering = (count: number) => Response | Promise<Response>

/** The line to a token service that answers from a function of how often it was asked. */
function makeLine(answer: Answering) {
  const clock = new StoppedClock()
  const asked: SentRequest[] = []
  const problems: string[] = []
  const set: { work: () => void; milliseconds: number; calledOff: boolean }[] = []
  const line = {
    issuer,
    identity,
    send: async (request: SentRequest) => {
      asked.push(request)
      return answer(asked.length)
    },
    clock: clock.now,
    newId: () => 'id',
    timeoutMs: 1000,
    onProblem: (problem: string) => void problems.push(problem),
  }
  const setTimer = (work: () => void, milliseconds: number) => {
    const entry = { work, milliseconds, calledOff: false }
    set.push(entry)
    return () => {
      entry.calledOff = true
    }
  }
  const waiting = () => set.filter(({ calledOff }) => !calledOff).map(({ milliseconds }) => milliseconds)
  return { line, clock, asked, problems, set, setTimer, waiting }
}
const dated = (status: number, clock: StoppedClock, ahead: number) =>
  new Response('', { status, headers: { date: new Date(clock.time.getTime() + ahead * 1000).toUTCString() } })

function makeStatus(answer: Answering, { seconds = 0, most = 10 } = {}) {
  const scene = makeLine(answer)
  return { ...scene, status: createTokenStatus({ ...scene.line, seconds, most }) }
}
const says = (active: unknown, status = 200) => Response.json({ active }, { status })

test('the status of a token is asked for by a form, as JSON', async () => {
  const { status, asked } = makeStatus(() => says(true))
  expect(await status.check('t')).toBe('active')
  const [{ purpose, url, method, headers, body, bodyText } = {} as SentRequest] = asked
  expect([purpose, url, method, Object.fromEntries(headers)]).toEqual([
    'status',
    `${issuer.issuer}/oauth2/v2.0/introspect`,
    'POST',
    { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
  ])
  expect(body).toBe(bodyText)
})

test('only 200 with a boolean is an answer; everything else is told and unavailable', async () => {
  for (const [answer, expected, told] of [
    [() => says(true), 'active', undefined],
    [() => says(false), 'inactive', undefined],
    [() => says('true'), 'unavailable', 'introspection answered 200: {"active":"true"}'],
    [() => says(true, 201), 'unavailable', 'introspection answered 201: {"active":true}'],
    [() => new Response('a\nb', { status: 503 }), 'unavailable', 'introspection answered 503: a b'],
    [() => Promise.reject(new TypeError('x')), 'unavailable', 'introspection: The token service cannot be asked at the moment.'],
  ] as const) {
    const { status, problems } = makeStatus(answer)
    expect([await status.check('t'), problems[0]]).toEqual([expected, told])
  }
})

test('a refusal that shows another time is answered with a second question, and no other answer is', async () => {
  const asks = async (code: number, ahead: number) => {
    const scene = makeStatus((count) => (count === 1 ? dated(code, scene.clock, ahead) : says(true)))
    return [await scene.status.check('t'), scene.asked.length]
  }
  expect(await asks(400, 600)).toEqual(['active', 2])
  expect(await asks(499, 600)).toEqual(['active', 2])
  expect(await asks(401, 0)).toEqual(['unavailable', 1])
  expect(await asks(500, 600)).toEqual(['unavailable', 1])
  expect(await asks(302, 600)).toEqual(['unavailable', 1])
})

test('a fault is no answer of the token service and stays one', async () => {
  const { line } = makeLine(() => says(true))
  const broken = createTokenStatus({
    ...line,
    seconds: 0,
    most: 10,
    newId: () => {
      throw new RangeError('no chance left')
    },
  })
  await expect(broken.check('t')).rejects.toBeInstanceOf(RangeError)
})

test('an answer is used again for as long as was asked for, unless the clock was set back', async () => {
  const { status, clock, asked } = makeStatus(() => says(true), { seconds: 10 })
  await status.check('t')
  await status.check('t')
  clock.move(9)
  await status.check('t')
  expect(asked.length).toBe(1)
  clock.move(1)
  await status.check('t')
  expect(asked.length).toBe(2)
  clock.move(-1)
  await status.check('t')
  expect(asked.length).toBe(3)
  const none = makeStatus(() => says(true))
  await none.status.check('t')
  await none.status.check('t')
  expect(none.asked.length).toBe(2)
})

test('no more answers are remembered than was asked for', async () => {
  const { status, asked } = makeStatus(() => says(true), { seconds: 10, most: 1 })
  for (const token of ['a', 'b', 'b', 'a']) await status.check(token)
  expect(asked.length).toBe(3)
})

const use = (jti: string, more: Partial<ActorTokenUse> = {}): ActorTokenUse => ({
  at: new Date('2026-05-04T12:00:00Z'),
  outcome: 'allowed',
  form: 'app',
  jti,
  ...more,
})
function makeReports(answer: Answering = () => new Response(null, { status: 202 }), most = 1000) {
  const scene = makeLine(answer)
  const { setTimer } = scene
  const reports = createUseReports({ ...scene.line, setTimer, most })
  const batches = () =>
    scene.asked.map(({ bodyText }) => (JSON.parse(bodyText ?? '') as { uses: Record<string, unknown>[] }).uses)
  return { ...scene, ...reports, batches }
}

test('a report is posted as JSON to its address', async () => {
  const { report, flush, asked } = makeReports()
  report(use('1'))
  await flush()
  const [{ purpose, url, method, headers, body, bodyText } = {} as SentRequest] = asked
  expect([purpose, url, method]).toEqual(['report', `${issuer.issuer}/tokens/uses`, 'POST'])
  expect(headers.get('content-type')).toBe('application/json')
  expect(body).toBe(bodyText)
})

test('every status from 200 to 299 takes a batch, and what is refused for good is lost and told', async () => {
  const run = async (status: number) => {
    const { report, flush, asked, problems } = makeReports(
      (count) => new Response(status === 204 ? null : 'why', { status: count === 1 ? status : 202 }),
    )
    report(use('1'))
    await flush()
    return [asked.length, problems[0]]
  }
  for (const status of [200, 202, 299]) expect(await run(status), String(status)).toEqual([1, undefined])
  for (const status of [300, 400, 404, 499])
    expect(await run(status)).toEqual([1, `1 uses of actor tokens were not reported (1 in all): answer ${status}: why`])
  for (const status of [401, 408, 425, 429, 500, 503])
    expect(await run(status)).toEqual([1, `reporting uses of actor tokens: answer ${status}: why`])
})

test('what was not taken is still there, and goes with the next try', async () => {
  const { report, flush, batches, problems } = makeReports((count) => {
    if (count === 1) throw new TypeError('unplugged')
    return new Response(null, { status: 202 })
  })
  report(use('1'))
  await flush()
  expect(problems).toEqual(['reporting uses of actor tokens: The token service cannot be asked at the moment.'])
  report(use('2'))
  await flush()
  expect(batches().map((batch) => batch.map(({ jti }) => jti))).toEqual([['1'], ['1', '2']])
})

test('a 401 that shows another time is answered at once, and no other refusal is', async () => {
  const run = async (status: number, ahead: number) => {
    const scene = makeReports((count) => (count === 1 ? dated(status, scene.clock, ahead) : new Response(null, { status: 202 })))
    scene.report(use('1'))
    await scene.flush()
    return scene.asked.length
  }
  expect([await run(401, 600), await run(401, 0), await run(403, 600), await run(503, 600)]).toEqual([2, 1, 1, 1])
})

test('a batch has a hundred uses and 48000 characters at most, but always one use', async () => {
  const sizes = async (count: number, more: Partial<ActorTokenUse> = {}) => {
    const { report, flush, batches } = makeReports()
    for (let at = 0; at < count; at += 1) report(use('j', more))
    await flush()
    return batches().map((batch) => batch.length)
  }
  expect(await sizes(100)).toEqual([100])
  expect(await sizes(101)).toEqual([100, 1])
  const lengthOf = (user: string) => JSON.stringify({ ...use('j', { user }) }).length + 1
  const full = 48_000 / 80
  const user = 'u'.repeat(320)
  const wide = { user, actor: 'a'.repeat(full - lengthOf(user) - '"actor":"",'.length) }
  // Eighty uses of 600 characters each, with the commas between them, are exactly a batch.
  expect(JSON.stringify(use('j', wide)).length + 1).toBe(full)
  expect(await sizes(81, wide)).toEqual([80, 1])
})

test('the values of a use are left out or cut where the service would refuse the report', async () => {
  const { report, flush, batches } = makeReports()
  const own = `${callerId}/mail.contoso.com@${realm}`
  report(use('a b', { audience: 'no principal with spaces' }))
  report(use('j'.repeat(129), { audience: `other/mail.contoso.com@${realm}` }))
  report(use('j'.repeat(128), { audience: own, user: 'u'.repeat(400) }))
  const { jti: _, ...bare } = use('x')
  report(bare)
  await flush()
  const common = { at: '2026-05-04T12:00:00.000Z', outcome: 'allowed', form: 'app' }
  expect(batches()).toEqual([[common, common, { ...common, jti: 'j'.repeat(128), audience: own, user: 'u'.repeat(320) }, common]])
})

test('a report goes after two seconds, at once where a batch is full, and never by two timers', async () => {
  const { report, waiting, set } = makeReports()
  for (let at = 0; at < 99; at += 1) report(use(String(at)))
  expect([waiting(), set.length]).toEqual([[2000], 1])
  report(use('99'))
  expect([waiting(), set.length]).toEqual([[0], 2])
  report(use('100'))
  expect(waiting()).toEqual([0])
})

test('nothing is planned while a batch is on its way, nor where nothing waits', async () => {
  const held = Promise.withResolvers<Response>()
  const { report, flush, waiting } = makeReports((count) => (count === 1 ? held.promise : new Response(null, { status: 202 })))
  await flush()
  expect(waiting()).toEqual([])
  report(use('1'))
  const sent = flush()
  report(use('2'))
  expect(waiting()).toEqual([])
  held.resolve(new Response(null, { status: 202 }))
  await sent
  expect(waiting()).toEqual([])
})

test('after a failure a full batch does not hurry, and a fault of ours is no reason to lose a use', async () => {
  const { report, flush, waiting } = makeReports(() => new Response('', { status: 503 }))
  report(use('0'))
  await flush()
  expect(waiting()).toEqual([4000])
  for (let at = 1; at <= 150; at += 1) report(use(String(at)))
  expect(waiting()).toEqual([4000])
  const scene = makeLine(() => new Response(null, { status: 202 }))
  let broken = true
  const reports = createUseReports({
    ...scene.line,
    setTimer: scene.setTimer,
    most: 10,
    newId: () => {
      if (broken) throw new RangeError('no chance left')
      return 'id'
    },
  })
  reports.report(use('1'))
  await expect(reports.flush()).rejects.toBeInstanceOf(RangeError)
  broken = false
  await reports.flush()
  expect(scene.asked.length).toBe(1)
})

test('no more wait than may, and closing ends everything', async () => {
  const { report, close, problems, asked, waiting } = makeReports(undefined, 1)
  report(use('1'))
  report(use('2'))
  expect(problems).toEqual(['1 uses of actor tokens were not reported (1 in all): too many are waiting'])
  await close()
  expect([asked.length, waiting(), problems.length]).toEqual([1, [], 1])
})
