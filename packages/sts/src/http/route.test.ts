import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { problemAnswers } from './problem-answers.ts'
import { createRouter, json, page, redirect, route } from './route.ts'
import { securityHeaders } from './security-headers.ts'

const reported: unknown[] = []
const routes = [
  route('GET /thing/:id', { query: z.object({ as: z.string().optional() }) }, async ({ params, query, language }) =>
    json({ id: params.id, as: query.as ?? null, language }),
  ),
  route('POST /thing/:id', { form: z.object({ name: z.string().min(1) }) }, async ({ params, form }) =>
    redirect(`/done/${params.id}/${form.name}`),
  ),
  route('GET /page', {}, async () => page('<p>hello', { status: 422, forms: 'anywhere', retryAfterSeconds: 7 })),
  route('GET /fault', {}, async () => {
    throw new TypeError('broken')
  }),
]

describe('createRouter', () => {
  const app = new Koa()
  app.use(securityHeaders({ https: true }))
  app.use(async (ctx, next) => {
    ctx.state.realm = { id: 'r', displayName: 'Contoso', issuer: 'https://sts.contoso.com/r', path: '/r' }
    ctx.state.reference = 'REF-1'
    await next()
  })
  app.use(problemAnswers({ codeOf: () => undefined, report: (fault) => reported.push(fault) }))
  app.use(createRouter(routes))
  app.use(async (ctx) => {
    ctx.body = 'next'
  })
  const server = createServer(app.callback())
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => server.close())
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { redirect: 'manual', ...init })

  test('hands over what path and query say, and the language of the browser', async () => {
    const response = await ask('/thing/a%20b?as=other', { headers: { 'accept-language': 'fr-CH, de;q=0.5' } })
    expect(await response.json()).toEqual({ id: 'a b', as: 'other', language: 'fr' })
  })

  test('answers a posted form with 303', async () => {
    const response = await ask('/thing/7', { method: 'POST', body: new URLSearchParams({ name: 'x' }) })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/done/7/x'])
  })

  test('lets unknown paths go on', async () => {
    expect(await (await ask('/thing')).text()).toBe('next')
    expect(await (await ask('/thing/1/2')).text()).toBe('next')
  })

  test('refuses another method with 405 and says which would do', async () => {
    const response = await ask('/thing/1', { method: 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  })

  test('answers HEAD like GET, without the body', async () => {
    const response = await ask('/page', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([422, ''])
  })

  test.each([
    ['a broken path', '/thing/%ff', {}, 400],
    ['a doubled query', '/thing/1?as=1&as=2', {}, 400],
    ['a form that misses a field', '/thing/1', { method: 'POST', body: new URLSearchParams({ other: 'x' }) }, 400],
    ['a body of another type', '/thing/1', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }, 415],
  ])('refuses %s with a page that has a reference and no stack', async (_, path, init, status) => {
    const response = await ask(path, { ...init, headers: { accept: 'text/html', ...('headers' in init ? init.headers : {}) } })
    const text = await response.text()
    expect(response.status).toBe(status)
    expect(text).toContain('REF-1')
    expect(text).not.toMatch(/RequestProblem|node_modules|\.ts:/)
  })

  test('answers a fault with a page for people and problem+json for programs, and reports it', async () => {
    const html = await ask('/fault', { headers: { accept: 'text/html' } })
    expect([html.status, (await html.text()).includes('broken')]).toEqual([500, false])
    const program = await ask('/fault', { headers: { accept: 'application/json' } })
    expect(program.headers.get('content-type')).toContain('application/problem+json')
    expect(await program.json()).toEqual({ type: 'about:blank', title: 'fault', status: 500, reference: 'REF-1' })
    expect(reported).toHaveLength(2)
  })

  test('sends pages with the strict headers', async () => {
    const { headers } = await ask('/page')
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:`,
    )
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('strict-transport-security')).toContain('max-age=')
    expect(headers.get('retry-after')).toBe('7')
  })

  test('refuses two routes for one place', () => {
    const twice = route('GET /thing/:other', {}, async () => json({}))
    expect(() => createRouter([...routes, twice])).toThrow(TypeError)
  })
})
