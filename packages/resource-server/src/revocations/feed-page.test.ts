import { expect, test } from 'vitest'
import { askForPage, FeedError } from './feed-page.ts'

const json = { 'content-type': 'application/json' }
const page = { events: ['a.b.c'], next: 7 }
type Asked = { url: string; headers: Headers; redirect: RequestInit['redirect']; signal: AbortSignal | null | undefined }

/** Asks once, and is answered with `answer`. */
async function ask(answer: () => Response | Promise<Response>, closing = new AbortController().signal) {
  const asked: Asked[] = []
  const question = askForPage({
    fetch: async (input, init) => {
      asked.push({ url: String(input), headers: new Headers(init?.headers), redirect: init?.redirect, signal: init?.signal })
      return answer()
    },
    url: 'https://sts.example/r/mailgate/events',
    authorization: 'Basic secret',
    after: 5,
    wait: 25,
    closing,
  })
  return { asked, result: await question.catch((error: unknown) => error) }
}
const said = async (answer: () => Response | Promise<Response>) => {
  const { result } = await ask(answer)
  if (!(result instanceof FeedError)) return result
  expect(result.name).toBe('FeedError')
  expect(result.code).toBe('feed_unavailable')
  return result.message
}
const sends = (body: unknown, headers: Record<string, string> = json) =>
  said(() => new Response(typeof body === 'string' ? body : JSON.stringify(body), { headers }))

test('one page is asked for with the secret, and no redirect is followed', async () => {
  const closing = new AbortController()
  const { asked, result } = await ask(() => Response.json({ ...page, resync: true }), closing.signal)
  expect(result).toStrictEqual({ events: ['a.b.c'], next: 7, resync: true })
  expect(Object.isFrozen(result)).toBe(true)
  const [{ url, headers, redirect, signal } = {} as Asked] = asked
  expect([url, redirect]).toEqual(['https://sts.example/r/mailgate/events?after=5&wait=25', 'manual'])
  expect([...headers]).toEqual([
    ['accept', 'application/json'],
    ['authorization', 'Basic secret'],
  ])
  expect(signal?.aborted).toBe(false)
  closing.abort()
  expect(signal?.aborted).toBe(true)
})

test('a page may be empty, full, of any type that is JSON, and without resync', async () => {
  expect(await sends({ events: [], next: 0 })).toStrictEqual({ events: [], next: 0, resync: false })
  expect(await sends({ events: Array(100).fill('x'), next: 100 })).toMatchObject({ next: 100 })
  for (const type of ['application/json;charset=utf-8', 'Application/JSON ; x'])
    expect(await sends({ ...page, resync: false }, { 'content-type': type })).toStrictEqual({ ...page, resync: false })
})

test('a text that is no JSON object is told as what it is', async () => {
  expect(await sends('x')).toBe('the answer is not JSON')
  expect(await sends('[]')).toBe('the answer is not a JSON object')
})

test.for<unknown>([
  {},
  { next: 7 },
  { events: {}, next: 7 },
  { events: Array(101).fill('x'), next: 101 },
  { events: [] },
  { events: [], next: '7' },
  { events: [], next: -1 },
  { events: [], next: 1.5 },
  { events: [], next: 2 ** 53 },
  { events: [], next: 7, resync: 'yes' },
  { events: [], next: 7, resync: null },
])('%j is not a page of events', async (body) => {
  expect(await sends(body)).toBe('the answer is not a page of events')
})

test('an event that is no text, another type and too much are told', async () => {
  expect(await sends({ events: ['x', 7], next: 7 })).toBe('an event is not a token')
  for (const type of ['text/html', 'text/application/json', 'application/json5', ''])
    expect(await sends(page, { 'content-type': type })).toBe('the answer is not JSON by its type')
  expect(await said(() => new Response(null, { headers: { 'x-none': '1' } }))).toBe('the answer is not JSON by its type')
  const filled = (length: number) => JSON.stringify(page).padEnd(length)
  expect(await sends(filled(1_048_576))).toMatchObject({ next: 7 })
  expect(await sends(filled(1_048_577))).toBe('the answer is too large')
})

test.for<readonly [string | undefined, number]>([
  [undefined, 0],
  ['0', 0],
  ['90', 90],
  ['300', 300],
  ['301', 300],
  ['9999', 300],
  ['10000', 0],
  ['-5', 0],
  ['5x', 0],
  ['x5', 0],
  ['1.5', 0],
  ['Wed, 21 Oct 2026 07:28:00 GMT', 0],
])('Retry-After %j is obeyed as %j seconds', async ([told, seconds]) => {
  const headers = told === undefined ? {} : { 'retry-after': told }
  const { result } = await ask(() => new Response('busy', { status: 503, headers }))
  expect(result).toMatchObject({ name: 'FeedError', message: 'the service answered 503', retryAfter: seconds })
})

test('a refusal is not read, and what did not come is told with its cause', async () => {
  let cancelled = false
  const body = new ReadableStream({
    cancel() {
      cancelled = true
    },
  })
  expect(await said(() => new Response(body, { status: 500 }))).toBe('the service answered 500')
  expect(cancelled).toBe(true)
  expect(await said(() => new Response(null, { status: 204 }))).toBe('the service answered 204')
  const cause = new TypeError('fetch failed')
  const { result } = await ask(() => Promise.reject(cause))
  expect(result).toMatchObject({ message: 'the service did not answer', cause, retryAfter: 0 })
  expect(Object.hasOwn(new FeedError('x'), 'cause')).toBe(false)
})
