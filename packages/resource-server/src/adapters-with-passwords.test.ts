import { type RequestListener, request } from 'node:http'
import { Bench } from '@postern/conformance/hostile-tokens'
import express from 'express'
import Koa from 'koa'
import { afterAll, beforeAll, beforeEach, expect, expectTypeOf, test } from 'vitest'
import type { AccessTokenClaims } from './claims.ts'
import { bearer as bearerForExpress } from './express.ts'
import { guarded as guardedFetch } from './fetch.ts'
import { type Accepted, type Admitted, createGuard, type Guard, type GuardOptions } from './guard.ts'
import { bearer } from './koa.ts'
import { protocolOfExchangePath } from './legacy-auth/exchange-path.ts'
import { createLegacyAuth } from './legacy-auth/legacy-auth.ts'
import type { LegacyAuth } from './legacy-auth/legacy-auth-contract.ts'
import { guarded } from './node-http.ts'
import { allowed, type FakeGate, mailServer, refusedWith, startFakeGate } from './testing/fake-gate.ts'
import { listenOnLoopback } from './testing/loopback-server.ts'
import { makeScene } from './testing/scene.ts'
import { serveFetch } from './testing/serve-fetch.ts'
import { createTokenValidator } from './validator.ts'

const { scene, options } = makeScene()
const { good } = new Bench(scene)
const validator = createTokenValidator(options)

let gate: FakeGate
beforeAll(async () => {
  gate = await startFakeGate()
})
afterAll(() => gate[Symbol.asyncDispose]())
beforeEach(() => {
  gate.asked.length = 0
  gate.decide = () => allowed
})

const guard = (): Guard<Admitted> =>
  createGuard({
    validator,
    challenge: { clientId: 'mail' },
    legacyAuth: createLegacyAuth({
      issuer: gate.issuer,
      ...mailServer,
      protocol: protocolOfExchangePath,
      rememberSeconds: 0,
      allowInsecureLoopback: true,
    }),
  })

const greet = (admitted: Admitted, claims: AccessTokenClaims | undefined): string =>
  admitted.via === 'app' ? `app of ${admitted.account.mailbox}` : `token of ${claims?.sub}`

const koaListener = (): RequestListener => {
  const app = new Koa({ proxy: true })
  app.silent = true
  app.use(bearer(guard(), (ctx: Koa.Context) => ({ request: { source: ctx.ip, secure: ctx.secure } })))
  app.use((ctx) => {
    ctx.body = greet(ctx.state.admitted, ctx.state.token)
  })
  return app.callback()
}
const plainListener = (): RequestListener =>
  guarded(guard(), (_req, res, claims, admitted) => void res.end(greet(admitted, claims)), {
    request: (req) => ({ source: String(req.headers['x-forwarded-for']), secure: req.headers['x-forwarded-proto'] === 'https' }),
  })
const expressListener = (): RequestListener => {
  const app = express()
  app.set('trust proxy', 'loopback')
  app.use('/', bearerForExpress(guard()))
  app.use((_req, res) => void res.end(greet(res.locals.admitted, res.locals.token)))
  return app
}
const fetchListener = (): RequestListener =>
  serveFetch(
    guardedFetch(guard(), (_asked, { claims, admitted }) => new Response(greet(admitted, claims)), {
      request: ({ headers }) => ({
        source: headers.get('x-forwarded-for') ?? undefined,
        secure: headers.get('x-forwarded-proto') === 'https',
      }),
    }),
  )

type Answer = Readonly<{
  status: number | undefined
  challenges: readonly string[]
  headers: Record<string, unknown>
  body: string
}>

const ask = (origin: string, authorization: readonly string[], path = '/EWS/Exchange.asmx'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = [
      ...['Host', 'mail.example', 'User-Agent', 'Outlook/16.0', 'X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'https'],
      ...authorization.flatMap((line) => ['Authorization', line]),
    ]
    const asked = request(`${origin}${path}`, { headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => {
        const challenges = response.headersDistinct['www-authenticate']?.flatMap((line) => line.split(/, (?=Basic )/)) ?? []
        resolve({ status: response.statusCode, challenges, headers: response.headers, body })
      })
    })
    asked.on('error', reject).end()
  })

const mary = `Basic ${Buffer.from('mary@contoso.com:Winter:2026').toString('base64')}`
const bearerLine = 'Bearer client_id="mail"'
const basicLine = 'Basic realm="Mail", charset="UTF-8"'

test.for([
  ['koa', koaListener],
  ['node:http', plainListener],
  ['express', expressListener],
  ['fetch', fetchListener],
] as const)('%s: tokens and apps come in by one guard, and the gate hears where an app comes from', async ([, listener]) => {
  await using server = await listenOnLoopback(listener())
  const { origin } = server
  expect(await ask(origin, [`Bearer ${good}`])).toMatchObject({ status: 200, body: 'token of b2b5c6f0-mary' })
  expect(gate.asked).toHaveLength(0)
  expect(await ask(origin, [mary])).toMatchObject({ status: 200, body: 'app of mary.miller@contoso.com' })
  expect(gate.asked[0]?.question).toEqual({
    name: 'mary@contoso.com',
    secret: 'Winter:2026',
    protocol: 'ews',
    app: { userAgent: 'Outlook/16.0' },
    source: '203.0.113.9',
    tls: true,
  })

  for (const line of [[], ['Bearer'], ['Basic !'], ['Basic']])
    expect(await ask(origin, line)).toMatchObject({ status: 401, challenges: [bearerLine, basicLine] })
  expect(await ask(origin, [], '/owa')).toMatchObject({ status: 401, challenges: [bearerLine] })
  expect(await ask(origin, [mary], '/owa')).toMatchObject({ status: 401, challenges: [bearerLine], body: '' })
  expect(await ask(origin, [mary, mary])).toMatchObject({ status: 400 })
  expect(await ask(origin, [`${mary}, Bearer x`])).toMatchObject({ status: 400 })
  expect((await ask(origin, ['Bearer x'])).challenges).toEqual([expect.stringContaining('error="invalid_token"')])
  expect(gate.asked).toHaveLength(1)

  gate.decide = () => refusedWith(403)
  expect(await ask(origin, [mary])).toMatchObject({
    status: 403,
    challenges: [],
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' },
    body: expect.stringContaining('https://sts.example/portal'),
  })
  gate.decide = () => refusedWith(456, { 'X-AutoDiscovery-Error': 'LiveIdBasicAuth:AppPasswordRequired:<RequestId=1>' })
  expect(await ask(origin, [mary])).toMatchObject({
    status: 456,
    headers: { 'x-autodiscovery-error': 'LiveIdBasicAuth:AppPasswordRequired:<RequestId=1>' },
  })
  gate.decide = () => refusedWith(401, {}, { decision: 'blocked', reason: 'protocol_blocked' })
  expect(await ask(origin, [mary])).toMatchObject({ status: 401, challenges: [bearerLine] })
  gate.decide = () =>
    refusedWith(401, { 'WWW-Authenticate': 'Basic realm="Contoso"' }, { decision: 'denied', reason: 'wrong_secret' })
  expect(await ask(origin, [mary])).toMatchObject({ status: 401, challenges: [bearerLine, basicLine] })
  gate.decide = () => ({ status: 500 })
  expect(await ask(origin, [mary])).toMatchObject({ status: 503, headers: { 'retry-after': '30' } })
})

test('scopes bind tokens; what an app may do, the gate has said by its protocol', async () => {
  const strict = createGuard({ validator, challenge: { clientId: 'mail' }, scopes: ['Mail.Send'], legacyAuth: legacy() })
  expect(await strict.check(mary, { request: { url: '/ews', headers: {} } })).toMatchObject({ outcome: 'accepted', via: 'app' })
  expect(await strict.check(`Bearer ${good}`)).toMatchObject({ outcome: 'refused', status: 403 })
})

const legacy = (): LegacyAuth =>
  createLegacyAuth({ issuer: gate.issuer, ...mailServer, protocol: 'ews', rememberSeconds: 0, allowInsecureLoopback: true })

test('a guard without legacyAuth asks no gate, and its claims are always there', async () => {
  const tokensOnly = createGuard({ validator, challenge: { clientId: 'mail' } })
  expectTypeOf(tokensOnly).toEqualTypeOf<Guard<Accepted>>()
  const judged = await tokensOnly.check(`Bearer ${good}`)
  if (judged.outcome === 'accepted') expectTypeOf(judged.claims).toEqualTypeOf<AccessTokenClaims>()
  expect((await tokensOnly.check(mary)).outcome).toBe('refused')
  expect(gate.asked).toHaveLength(0)
})

test('whoever may have given legacyAuth has to look who came in', () => {
  const perhaps: { legacyAuth?: LegacyAuth } = {}
  const mixed = createGuard({ validator, challenge: { clientId: 'mail' }, ...perhaps })
  expectTypeOf(mixed).toEqualTypeOf<Guard<Admitted>>()
  // @ts-expect-error a guard that lets apps in is not one for tokens only
  const narrowed: GuardOptions = { validator, challenge: { clientId: 'mail' }, legacyAuth: legacy() }
  expect(narrowed.legacyAuth).toBeDefined()
})
