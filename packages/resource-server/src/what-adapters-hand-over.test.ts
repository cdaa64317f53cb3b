import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { TokenError } from './errors.ts'
import { type BearerRequest, type BearerResponse, bearer as bearerForExpress, bearerRefusals } from './express.ts'
import { guarded } from './fetch.ts'
import { type Accepted, type AcceptedApp, type Admitted, createGuard, type Guard, type Judgement, type Refused } from './guard.ts'
import { type BearerContext, bearer as bearerForKoa } from './koa.ts'
import type { LegacyAuth, RequestFacts } from './legacy-auth/legacy-auth-contract.ts'

const claims = { sub: 'mary' } as Accepted['claims']
const accepted: Accepted = { outcome: 'accepted', via: 'token', claims }
const app = { outcome: 'accepted', via: 'app', account: { mailbox: 'mary@contoso.com' } } as AcceptedApp
const refused: Refused = { outcome: 'refused', status: 401, headers: [['WWW-Authenticate', 'Bearer']], error: undefined }
const refusedApp = { ...refused, status: 403, text: 'Not yet.' } as unknown as Judgement<Admitted>
const fault = new RangeError('a fault')
const missing = new TokenError('insufficient_scope')

/** A guard that answers `judged` and writes down what it was asked. */
function guardThat(judged: Judgement<Admitted> | Error, seen: unknown[] = []): Guard<Admitted> {
  return {
    async check(...asked) {
      seen.push(...asked)
      if (judged instanceof Error) throw judged
      return judged
    },
    refuse(...asked) {
      seen.push(...asked)
      return refused
    },
  }
}
const socket = () => Object.defineProperty(new Socket(), 'remoteAddress', { value: '127.0.0.1' })
const message = (): IncomingMessage => Object.assign(new IncomingMessage(socket()), { url: '/EWS', method: 'POST' })

test('fetch: a refused token has neither body nor type, a refused app has its text', async () => {
  const request = new Request('https://mail.example/EWS', { headers: { authorization: 'x' } })
  const answer = (judged: Judgement<Admitted>) => guarded(guardThat(judged), () => new Response('in'))(request)
  const bare = await answer(refused)
  expect([bare.status, bare.body, [...bare.headers]]).toEqual([401, null, [['www-authenticate', 'Bearer']]])
  const told = await answer(refusedApp)
  expect([told.status, await told.text(), told.headers.get('content-type'), told.headers.get('x-content-type-options')]).toEqual([
    403,
    'Not yet.\n',
    'text/plain; charset=utf-8',
    'nosniff',
  ])
  expect(await (await answer(accepted)).text()).toBe('in')
})

test('fetch: the handler hears who came in and what the server hands over, and the guard where from', async () => {
  const seen: unknown[] = []
  const handled: unknown[] = []
  const options = { scopes: ['a'], request: (_request: Request, source: string) => ({ source }) }
  const handler = guarded(
    guardThat(app, seen),
    (_request, who, source: string) => {
      handled.push(who, source)
      return new Response()
    },
    options,
  )
  const request = new Request('https://mail.example/EWS', { method: 'POST' })
  await handler(request, '203.0.113.9')
  const facts = { url: request.url, method: 'POST', headers: request.headers, source: '203.0.113.9' }
  expect(seen).toEqual([undefined, { scopes: ['a'], request: facts }])
  expect(handled).toEqual([{ claims: undefined, admitted: app }, '203.0.113.9'])
  expect(Object.isFrozen(handled[0])).toBe(true)
})

test('fetch: a TokenError is answered by the demands of the route, a fault passes as it is', async () => {
  const seen: unknown[] = []
  const throwing = (error: Error) =>
    guarded(guardThat(accepted, seen), () => Promise.reject(error), { scopes: ['a'] })(new Request('https://mail.example'))
  await expect(throwing(fault)).rejects.toBe(fault)
  expect(seen.length).toBe(2)
  expect((await throwing(missing)).status).toBe(401)
  expect(seen.slice(4)).toEqual([missing, { scopes: ['a'] }])
})

function context() {
  const sent: [string, string][] = []
  const ctx: BearerContext & { state: Record<string, unknown> } = {
    req: message(),
    state: {},
    status: 404,
    body: undefined,
    append: (name, value) => void sent.push([name, value]),
  }
  return { ctx, sent }
}
const none = async (): Promise<void> => undefined

test('koa: a refusal has status, headers and for an app its text; who came in is in the state', async () => {
  const bare = context()
  await bearerForKoa(guardThat(refused))(bare.ctx, () => Promise.reject(fault))
  expect([bare.ctx.status, bare.ctx.body, bare.sent]).toEqual([401, '', [['WWW-Authenticate', 'Bearer']]])
  const told = context()
  await bearerForKoa(guardThat(refusedApp))(told.ctx, () => Promise.reject(fault))
  expect([told.ctx.status, told.ctx.body, told.sent[0]]).toEqual([403, 'Not yet.\n', ['X-Content-Type-Options', 'nosniff']])
  const seen: unknown[] = []
  const inside = context()
  await bearerForKoa(guardThat(app, seen), () => ({ scopes: ['a'], request: { source: 'x' } }))(inside.ctx, none)
  expect(inside.ctx.state).toEqual({ token: undefined, admitted: app })
  expect(seen).toMatchObject([undefined, { scopes: ['a'], request: { url: '/EWS', source: 'x', secure: undefined } }])
})

test('koa: a TokenError from further in is answered by the demands of the route, a fault passes as it is', async () => {
  const seen: unknown[] = []
  const { ctx } = context()
  const guard = bearerForKoa(guardThat(accepted, seen), { scopes: ['a'] })
  await expect(guard(ctx, () => Promise.reject(fault))).rejects.toBe(fault)
  expect([ctx.status, ctx.state]).toEqual([404, { token: claims, admitted: accepted }])
  await guard(ctx, () => Promise.reject(missing))
  expect([ctx.status, seen.slice(4)]).toEqual([401, [missing, { scopes: ['a'] }]])
})

/** What Express adds to a request and an answer. */
const expressPair = (members: Partial<BearerRequest> = {}) => {
  const req: BearerRequest = Object.assign(message(), { originalUrl: '/mounted/EWS', ip: '203.0.113.9', secure: false }, members)
  const res: BearerResponse = Object.assign(new ServerResponse(req), { locals: {} })
  return { req, res }
}

test('express: the guard hears what Express knows, and less than the route says', async () => {
  const facts = async (members: Partial<BearerRequest>, request?: Partial<RequestFacts>) => {
    const seen: unknown[] = []
    const { req, res } = expressPair(members)
    const demands = request === undefined ? {} : { request }
    await bearerForExpress(guardThat(accepted, seen), demands)(req, res, () => undefined)
    return seen[1]
  }
  expect(await facts({})).toMatchObject({ request: { url: '/mounted/EWS', source: '203.0.113.9', secure: undefined } })
  expect(await facts({ secure: true })).toMatchObject({ request: { secure: true } })
  expect(await facts({ secure: true }, { secure: false, source: 'x' })).toMatchObject({ request: { secure: false, source: 'x' } })
})

test('express: the next one is called once, with a fault where there is one, and not after a refusal', async () => {
  const run = async (judged: Judgement<Admitted> | Error, demands?: () => { scopes: string[] }) => {
    const next: unknown[][] = []
    const seen: unknown[] = []
    const { req, res } = expressPair()
    await bearerForExpress(guardThat(judged, seen), demands)(req, res, (...all) => void next.push(all))
    if (demands !== undefined) expect(seen[1]).toMatchObject(demands())
    return { next, locals: res.locals, status: res.statusCode, ended: res.writableEnded }
  }
  expect(await run(accepted)).toEqual({ next: [[]], locals: { token: claims, admitted: accepted }, status: 200, ended: false })
  expect(await run(app, () => ({ scopes: ['a'] }))).toMatchObject({ next: [[]], locals: { token: undefined, admitted: app } })
  expect(await run(fault)).toEqual({ next: [[fault]], locals: {}, status: 200, ended: false })
  expect(await run(refused)).toEqual({ next: [], locals: {}, status: 401, ended: true })
})

test('express: what a handler threw is answered where that is still possible, and handed on otherwise', () => {
  const seen: unknown[] = []
  const answer = bearerRefusals(guardThat(accepted, seen), { scopes: ['a'] })
  const run = (error: unknown, isLate = false) => {
    const next: unknown[] = []
    const { req, res } = expressPair()
    if (isLate) res.writeHead(200).flushHeaders()
    answer(error, req, res, (one) => void next.push(one))
    return { next, status: res.statusCode }
  }
  expect(run(missing)).toEqual({ next: [], status: 401 })
  expect(seen).toEqual([missing, { scopes: ['a'] }])
  expect(run(fault)).toEqual({ next: [fault], status: 200 })
  expect(run(missing, true)).toEqual({ next: [missing], status: 200 })
  expect(seen.length).toBe(2)
})

test('a gate is asked with what is known of the request, and with nothing made up', async () => {
  const heard: unknown[] = []
  const legacyAuth: LegacyAuth = {
    offer: (facts) => {
      heard.push(facts)
      return 'Basic'
    },
    check: async (line, facts) => {
      heard.push(line, facts)
      return { outcome: 'accepted', account: { mailbox: 'm' } } as never
    },
  }
  const guard = createGuard({ validator: { validate: () => Promise.reject(fault) }, challenge: { clientId: 'mail' }, legacyAuth })
  expect(await guard.check('Basic eA==')).toMatchObject({ via: 'app', outcome: 'accepted' })
  const nothing = { url: '', headers: {} }
  expect(heard.splice(0)).toEqual([nothing, 'Basic eA==', nothing])
  const question = await guard.check(undefined, { request: { url: '/EWS' } })
  expect(heard.splice(0)).toEqual([{ url: '/EWS', headers: {} }])
  expect(question).toMatchObject({
    status: 401,
    headers: [
      ['WWW-Authenticate', 'Bearer client_id="mail"'],
      ['WWW-Authenticate', 'Basic'],
      ['Cache-Control', 'no-store'],
    ],
  })
  expect(await guard.check('Basic eA==,')).toMatchObject({ status: 400 })
  // A comma in what no gate is asked about is no matter.
  expect(await guard.check('Negotiate a,b')).toMatchObject({ status: 401 })
})
