import { expect, test } from 'vitest'
import { readRequest } from './replayable-request.ts'

const url = 'https://mail.example/ews'
const strict = { allowInsecureLoopback: false }
type Given = Parameters<typeof readRequest>

/** What would be sent, with its body as text. */
async function sent(input: Given[0], init?: RequestInit) {
  const request = await readRequest(input, init, strict)
  const { headers, body, ...rest } = request.with('Bearer x', 'request')
  const text = body === undefined ? undefined : await new Response(body).text()
  return { ...rest, headers: Object.fromEntries(headers), body: text, replayable: request.replayable }
}

test('a request without a body is a GET, and can be sent again', async () => {
  const plain = {
    purpose: 'request',
    url,
    method: 'GET',
    headers: { authorization: 'Bearer x' },
    body: undefined,
    bodyText: undefined,
    init: {},
    replayable: true,
  }
  for (const input of [url, new URL(url), new Request(url)]) {
    const { init, ...rest } = await sent(input)
    expect(rest).toEqual({ ...plain, init: undefined } as object)
    expect(Object.keys(init ?? {})).toEqual(input instanceof Request ? ['signal'] : [])
  }
  expect(await sent(url, { body: null })).toEqual(plain)
  expect((await readRequest(url, undefined, strict)).signal).toBeUndefined()
})

test('a body is kept as bytes with the type that fetch would say, unless the caller says another', async () => {
  expect(await sent(url, { method: 'POST', body: 'text' })).toMatchObject({
    method: 'POST',
    headers: { 'content-type': 'text/plain;charset=UTF-8' },
    body: 'text',
    bodyText: 'text',
  })
  expect(await sent(url, { method: 'POST', body: 'text', headers: { 'Content-Type': 'x/y' } })).toMatchObject({
    headers: { 'content-type': 'x/y' },
  })
  expect((await sent(url, { method: 'POST', body: new Uint8Array([97]) })).headers).toEqual({ authorization: 'Bearer x' })
  const bytes = new Uint8Array([97])
  const request = await readRequest(url, { method: 'POST', body: bytes }, strict)
  bytes[0] = 98
  expect(request.with('Bearer x', 'request').bodyText).toBe('a')
})

test('a Request gives its method, headers, body and signal, and what stands beside it goes before', async () => {
  const ended = new AbortController()
  const from = () => new Request(url, { method: 'POST', body: 'inside', headers: { 'x-own': '1' }, signal: ended.signal })
  expect(await sent(from())).toMatchObject({ method: 'POST', body: 'inside', headers: { 'x-own': '1' } })
  expect(await sent(from(), { method: 'PUT', body: 'beside', headers: { 'x-other': '2' } })).toMatchObject({
    method: 'PUT',
    body: 'beside',
    headers: { 'x-other': '2', authorization: 'Bearer x', 'content-type': 'text/plain;charset=UTF-8' },
  })
  const { signal } = new AbortController()
  const both = await readRequest(from(), { signal, cache: 'no-store' }, strict)
  expect(both.signal).toBe(signal)
  expect(both.with('Bearer x', 'challenge').init).toEqual({ signal, cache: 'no-store' })
  const own = await readRequest(from(), {}, strict)
  expect(own.signal?.aborted).toBe(false)
  ended.abort()
  expect(own.signal?.aborted).toBe(true)
})

test('a stream is sent as it is, once', async () => {
  const stream = new Blob(['x']).stream()
  const request = await readRequest(url, { method: 'POST', body: stream }, strict)
  expect([request.replayable, request.with('Bearer x', 'request').body]).toEqual([false, stream])
  expect(request.with('Bearer x', 'request').bodyText).toBeUndefined()
  async function* pieces() {
    yield new Uint8Array([97])
  }
  const iterated = pieces()
  const other = await readRequest(url, { method: 'POST', body: iterated as never }, strict)
  expect([other.replayable, other.with('Bearer x', 'request').body]).toEqual([false, iterated])
})

test('one set of headers does not spill into the next', async () => {
  const request = await readRequest(url, { headers: { 'x-own': '1' } }, strict)
  const first = request.with('Bearer a', 'challenge')
  first.headers.set('x-own', '2')
  expect(Object.fromEntries(request.with('Bearer b', 'request').headers)).toEqual({ 'x-own': '1', authorization: 'Bearer b' })
})

test('what this client decides itself is misuse to ask for', async () => {
  const misuse = (init: RequestInit) => expect(readRequest(url, init, strict)).rejects
  await misuse({ headers: { Authorization: 'Basic x' } }).toThrow(
    new TypeError('Authorization is what this client is for: leave it out'),
  )
  for (const redirect of ['follow', 'error'] as const)
    await misuse({ redirect }).toThrow(
      new TypeError('Redirects are never followed with a token: look at the answer, and call again'),
    )
  expect(await sent(url, { redirect: 'manual' })).toMatchObject({ url })
})

test('an address that may not be asked is told by its origin alone', async () => {
  for (const [address, detail] of [
    ['http://mail.example/secret', 'http://mail.example'],
    ['https://joe:secret@mail.example/', 'https://mail.example'],
    ['nonsense', undefined],
  ] as const)
    await expect(readRequest(address, undefined, strict)).rejects.toMatchObject({ code: 'url_not_allowed', detail })
  await expect(readRequest('http://localhost/', undefined, strict)).rejects.toMatchObject({ code: 'url_not_allowed' })
  expect((await readRequest('http://localhost/', undefined, { allowInsecureLoopback: true })).url.href).toBe('http://localhost/')
})
