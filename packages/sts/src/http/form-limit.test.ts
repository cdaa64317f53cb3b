import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createFormLimit } from './form-limit.ts'
import { problemAnswers } from './problem-answers.ts'
import { securityHeaders } from './security-headers.ts'

const reported: unknown[] = []
let handled = 0
let stop = () => {}
let origin = ''

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-03-01T12:00:00Z') })
  stop()
  handled = 0
  const app = new Koa()
  app.use(securityHeaders({ https: true }))
  app.use(problemAnswers({ codeOf: () => undefined, report: (fault) => reported.push(fault) }))
  app.use(async (ctx, next) => {
    ctx.state.source = ctx.get('x-source')
    await next()
  })
  app.use(createFormLimit({ perMinute: 3, countedAs: (address) => address.split('-')[0] ?? '' }))
  app.use((ctx) => {
    handled += 1
    ctx.body = 'handled'
  })
  const server = createServer(app.callback())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  stop = () => void server.close()
})
beforeAll(() => () => vi.useRealTimers())
afterAll(() => stop())

const ask = (path: string, { source = 'home', method = 'POST', language = 'en', accept = 'text/html' } = {}) =>
  fetch(`${origin}${path}`, { method, headers: { 'x-source': source, 'accept-language': language, accept } })
const statusOf = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status
const useUp = async () => {
  for (const path of ['/signin/a/password', '/portal', '/device']) expect(await statusOf(path)).toBe(200)
}

test('answers the fourth form of a minute with 429 and tells when to come again, without looking at it', async () => {
  await useUp()
  vi.setSystemTime(Date.now() + 20_500)
  const refused = await ask('/signin/a/name')
  expect([refused.status, refused.headers.get('retry-after'), handled]).toEqual([429, '40', 3])
  vi.setSystemTime(Date.now() + 39_500)
  expect(await statusOf('/signin/a/name')).toBe(200)
})

test('counts apps that register themselves among the forms of their network', async () => {
  const register = '/oauth2/v2.0/register'
  for (const _ of [1, 2, 3]) expect(await statusOf(register, { accept: 'application/json' })).toBe(200)
  expect(await statusOf(register, { accept: 'application/json' })).toBe(429)
  expect(await statusOf(`${register}/id`, { method: 'DELETE' })).toBe(200)
  expect(await statusOf('/signin/a/name')).toBe(429)
})

test.each([
  ['en', 'Too many forms came from your network'],
  ['de-CH', 'Aus Ihrem Netz kamen'],
  ['fr', 'Trop de formulaires'],
])('says so in the language of the person (%s), and as problem+json to programs', async (language, words) => {
  await useUp()
  const page = await ask('/device', { language })
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(await page.text()).toContain(words)
  const problem = await ask('/device', { accept: '*/*' })
  expect(await problem.json()).toMatchObject({ status: 429, title: 'too_many_requests' })
})

test('counts all pages together, however they are written, and every sender for itself', async () => {
  for (const path of ['/DEVICE', '/signin', '/portal/keys']) expect(await statusOf(path)).toBe(200)
  expect(await statusOf('/device', { source: 'home-2' })).toBe(429)
  expect(await statusOf('/device', { source: 'elsewhere' })).toBe(200)
})

test('lets pass what is no form of a page, and who has no address', async () => {
  await useUp()
  expect(await statusOf('/signin/a', { method: 'GET' })).toBe(200)
  for (const path of ['/oauth2/v2.0/token', '/signins', '/devices', '/']) expect(await statusOf(path), path).toBe(200)
  for (let count = 0; count < 5; count++) expect(await statusOf('/device', { source: '' })).toBe(200)
  expect(reported).toEqual([])
})

test('of a hundred at once lets three through', async () => {
  const statuses = await Promise.all(Array.from({ length: 100 }, () => statusOf('/portal')))
  expect([statuses.filter((status) => status === 200).length, handled]).toEqual([3, 3])
})
