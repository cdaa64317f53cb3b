import { type RequestListener, request } from 'node:http'
import { Bench } from '@postern/conformance/hostile-tokens'
import express from 'express'
import Koa from 'koa'
import { expect, test } from 'vitest'
import type { AccessTokenClaims } from './claims.ts'
import { bearer as bearerForExpress, bearerRefusals } from './express.ts'
import { guarded as guardedFetch } from './fetch.ts'
import { createGuard } from './guard.ts'
import { bearer } from './koa.ts'
import { guarded } from './node-http.ts'
import { requireScope } from './scopes.ts'
import { listenOnLoopback } from './testing/loopback-server.ts'
import { makeScene } from './testing/scene.ts'
import { serveFetch } from './testing/serve-fetch.ts'
import { createTokenValidator } from './validator.ts'

const { scene, options } = makeScene()
const { good } = new Bench(scene)
const guard = createGuard({ validator: createTokenValidator(options), challenge: { clientId: 'mail' } })

const koaListener = () => {
  const app = new Koa()
  app.silent = true
  app.use(bearer(guard))
  app.use((ctx) => {
    const claims: AccessTokenClaims = ctx.state.token
    if (ctx.path === '/fault') throw new RangeError('a fault of the handler')
    requireScope(claims, ctx.path === '/send' ? 'Mail.Send' : 'Mail.Read')
    ctx.body = claims.sub
  })
  return app.callback()
}
const faults: unknown[] = []
const plainListener = () =>
  guarded(
    guard,
    (req, res, claims) => {
      if (req.url === '/fault') throw new RangeError('a fault of the handler')
      requireScope(claims, req.url === '/send' ? 'Mail.Send' : 'Mail.Read')
      res.end(claims.sub)
    },
    { onFault: (fault) => faults.push(fault) },
  )

const expressListener = (): RequestListener => {
  const app = express()
  app.use(bearerForExpress(guard))
  app.use((req, res) => {
    const claims: AccessTokenClaims = res.locals.token
    if (req.path === '/fault') throw new RangeError('a fault of the handler')
    requireScope(claims, req.path === '/send' ? 'Mail.Send' : 'Mail.Read')
    res.end(claims.sub)
  })
  app.use(bearerRefusals(guard))
  const answerFault: express.ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).end() // express knows it by its length
  app.use(answerFault)
  return app
}
const fetchListener = () =>
  serveFetch(
    guardedFetch(guard, (asked, { claims }) => {
      const { pathname } = new URL(asked.url)
      if (pathname === '/fault') throw new RangeError('a fault of the handler')
      requireScope(claims, pathname === '/send' ? 'Mail.Send' : 'Mail.Read')
      return new Response(claims.sub)
    }),
  )

type Answer = Readonly<{ status: number | undefined; challenge: string | undefined; body: string }>

/** fetch cannot send an empty Bearer or two Authorization lines; node:http can. */
const ask = (origin: string, path: string, authorization: string | string[]): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const lines = typeof authorization === 'string' ? [authorization] : authorization
    const asked = request(
      `${origin}${path}`,
      { headers: ['Host', 'mail.example', ...lines.flatMap((line) => ['Authorization', line])], agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, challenge: response.headers['www-authenticate'], body }))
      },
    )
    asked.on('error', reject).end()
  })

test.for([
  ['koa', koaListener],
  ['node:http', plainListener],
  ['express', expressListener],
  ['fetch', fetchListener],
] as const)('%s: accepts, challenges and refuses over real HTTP', async ([, listener]) => {
  await using server = await listenOnLoopback(listener())
  const { origin } = server
  expect(await ask(origin, '/', `Bearer ${good}`)).toMatchObject({ status: 200, body: 'b2b5c6f0-mary' })
  expect(await ask(origin, '/', [])).toEqual({ status: 401, challenge: 'Bearer client_id="mail"', body: '' })
  expect(await ask(origin, '/', 'Bearer ')).toEqual({ status: 401, challenge: 'Bearer client_id="mail"', body: '' })
  expect(await ask(origin, '/', `Bearer ${good}x`)).toMatchObject({
    status: 401,
    challenge: expect.stringContaining('error="invalid_token"'),
    body: '',
  })
  expect(await ask(origin, '/send', `Bearer ${good}`)).toMatchObject({
    status: 403,
    challenge: expect.stringContaining('insufficient_scope'),
  })
  expect(await ask(origin, '/', [`Bearer ${good}`, `Bearer ${good}`])).toMatchObject({ status: 400 })
  expect(await ask(origin, '/fault', `Bearer ${good}`)).toMatchObject({ status: 500, challenge: undefined })
  expect(await ask(origin, `/?access_token=${good}`, [])).toMatchObject({ status: 401 })
})

test('the fault of a plain handler is told to onFault', async () => {
  await using server = await listenOnLoopback(plainListener())
  faults.length = 0
  await ask(server.origin, '/fault', `Bearer ${good}`)
  expect(faults).toEqual([expect.any(RangeError)])
})
