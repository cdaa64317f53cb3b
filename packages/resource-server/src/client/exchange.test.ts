import { expect, test } from 'vitest'
import { createClockOffset } from './clock-offset.ts'
import { harmless, ServerClientError, serverClientErrorCodes } from './errors.ts'
import { askIssuer, createSend, discard, type SentRequest, type ServerExchange } from './exchange.ts'

const url = 'https://sts.example/realm/token'
const request = (more: Partial<SentRequest> = {}): SentRequest => ({
  purpose: 'token',
  url,
  method: 'POST',
  headers: new Headers({ 'X-One': 'a' }),
  ...more,
})
/** A sender over `answer`, and what was sent and watched. */
function makeSend(answer: () => Response | Promise<Response>, watched?: ServerExchange[]) {
  const sent: (RequestInit & { duplex?: string })[] = []
  const ask: typeof fetch = async (_input, init) => {
    sent.push(init ?? {})
    return answer()
  }
  return { send: createSend(ask, watched === undefined ? undefined : (one) => watched.push(one)), sent }
}

test('a request goes out as it is, follows nothing, and has a body only where there is one', async () => {
  const { send, sent } = makeSend(() => new Response('ok'))
  const signal = new AbortController().signal
  await send(request({ init: { signal, redirect: 'follow' }, body: 'text' }))
  await send(request({ method: 'GET', body: null }))
  await send(request({ method: 'GET', body: undefined }))
  const stream = new Blob(['x']).stream()
  await send(request({ body: stream }))
  expect(sent[0]).toEqual({ signal, method: 'POST', headers: request().headers, redirect: 'manual', body: 'text' })
  expect(sent.map((one) => Object.keys(one).toSorted().join())).toEqual([
    'body,headers,method,redirect,signal',
    'headers,method,redirect',
    'headers,method,redirect',
    'body,duplex,headers,method,redirect',
  ])
  expect(sent[3]).toMatchObject({ duplex: 'half', body: stream })
})

test('who watches sees both sides, cut, and the caller reads the whole answer all the same', async () => {
  const watched: ServerExchange[] = []
  const long = 'x'.repeat(70_000)
  const { send } = makeSend(() => new Response(long, { status: 201, headers: { 'X-Two': 'b' } }), watched)
  const answer = await send(request({ bodyText: long }))
  expect((await answer.text()).length).toBe(70_000)
  expect(watched).toEqual([
    {
      purpose: 'token',
      method: 'POST',
      url,
      requestHeaders: { 'x-one': 'a' },
      requestBody: long.slice(0, 65_536),
      status: 201,
      responseHeaders: { 'content-type': 'text/plain;charset=UTF-8', 'x-two': 'b' },
      responseBody: long.slice(0, 65_536),
    },
  ])
  expect(Object.isFrozen(watched[0]) && Object.isFrozen(watched[0]?.requestHeaders)).toBe(true)
  const bare = makeSend(() => new Response(null, { status: 204 }), watched)
  await bare.send(request())
  expect(watched[1]).toMatchObject({ requestBody: '', responseBody: '' })
})

test('of an answer without end only the beginning is read for who watches', async () => {
  const watched: ServerExchange[] = []
  let pulled = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1
      if (pulled > 50) controller.error(new TypeError('read too far'))
      else controller.enqueue(new Uint8Array(10_000).fill(97))
    },
  })
  const { send } = makeSend(() => new Response(body), watched)
  await discard(await send(request()))
  expect(watched[0]?.responseBody.length).toBe(65_536)
  expect(pulled).toBeLessThan(20)
})

test('an answer that is not wanted is let go, with a body and without', async () => {
  let cancelled = false
  const body = new ReadableStream({
    cancel() {
      cancelled = true
    },
  })
  await discard(new Response(body))
  expect(cancelled).toBe(true)
  await discard(new Response(null))
})

test('an issuer is asked with a deadline, and its answer is read whole and bounded', async () => {
  const { send, sent } = makeSend(() => new Response('{}', { status: 400, headers: { date: 'x' } }))
  const answer = await askIssuer(send, request({ init: { cache: 'no-store' } }), 1000)
  expect([answer.status, answer.text, answer.headers.get('date'), Object.isFrozen(answer)]).toEqual([400, '{}', 'x', true])
  expect(sent[0]?.signal).toBeInstanceOf(AbortSignal)
  expect(sent[0]?.cache).toBe('no-store')
  const sized = (length: number) => askIssuer(makeSend(() => new Response('x'.repeat(length))).send, request(), 1000)
  expect((await sized(262_144)).text.length).toBe(262_144)
  await expect(sized(262_145)).rejects.toMatchObject({ code: 'answer_malformed', detail: 'too large', status: 200 })
  const cause = new TypeError('fetch failed')
  await expect(askIssuer(makeSend(() => Promise.reject(cause)).send, request(), 1000)).rejects.toMatchObject({
    code: 'issuer_unavailable',
    detail: 'https://sts.example',
    cause,
  })
})

test('foreign text becomes one short line of ASCII without anything that looks like a token', () => {
  expect(harmless('  a\r\n\u00e4b\tc  ')).toBe('a b c')
  expect(harmless('x eyJhbGciOi.abc.def y')).toBe('x [token] y')
  expect(harmless('eyJhbGci eyJab')).toBe('[token] eyJab')
  expect(harmless('x'.repeat(500))).toBe('x'.repeat(400))
  // What stands far behind is not even looked at.
  expect(harmless(`${' '.repeat(16_384)}far`)).toBe('')
})

test('an error carries what is for the log made harmless, and what caused it only where there is a cause', () => {
  const said = serverClientErrorCodes.map((code) => new ServerClientError(code).message)
  expect(new Set(said).size).toBe(said.length)
  for (const text of said) expect(text).toMatch(/^[A-Z][a-zA-Z ,]{15,100}\.$/)
  const bare = new ServerClientError('token_refused')
  expect(bare).toMatchObject({ name: 'ServerClientError', code: 'token_refused' })
  expect([bare.detail, bare.status, bare.diagnostics, bare.oauthError, 'cause' in bare]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    false,
  ])
  const cause = new RangeError('x')
  const full = new ServerClientError('token_refused', {
    detail: 'a\nb',
    diagnostics: 'c\nd',
    oauthError: 'e\nf',
    status: 401,
    cause,
  })
  expect(full).toMatchObject({ detail: 'a b', diagnostics: 'c d', oauthError: 'e f', status: 401, cause })
})

test('a difference of clocks is learned from five seconds to a day, once, both ways', () => {
  const now = new Date('2026-05-04T12:00:00Z')
  const offset = createClockOffset(() => now)
  const dated = (seconds: number) => new Headers({ date: new Date(now.getTime() + seconds * 1000).toUTCString() })
  const learned = (seconds: number) => [offset.learn(dated(seconds)), (offset.now().getTime() - now.getTime()) / 1000]
  expect(learned(4)).toEqual([false, 0])
  expect(learned(-4)).toEqual([false, 0])
  expect(learned(5)).toEqual([true, 5])
  expect(learned(5)).toEqual([false, 5])
  expect(learned(9)).toEqual([false, 5])
  expect(learned(-5)).toEqual([true, -5])
  expect(learned(86_401)).toEqual([false, -5])
  expect(learned(86_400)).toEqual([true, 86_400])
  expect(learned(-86_401)).toEqual([false, 86_400])
  expect(offset.learn(new Headers())).toBe(false)
  expect(offset.learn(new Headers({ date: 'noon' }))).toBe(false)
})
