import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { TokenError } from './errors.ts'
import type { Accepted, Guard, Refused, RefusedApp } from './guard.ts'
import { authorizationLines, claimsOf, guarded, refusalText, requestFacts, sendRefusal } from './node-http.ts'

/** A request as Node hands it over, from `remoteAddress`. No connection is needed for that. */
function request(remoteAddress: string | undefined, members: object = {}, headers: readonly string[] = []): IncomingMessage {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress })
  const req = new IncomingMessage(Object.assign(socket, members))
  req.url = '/EWS'
  req.method = 'POST'
  for (let at = 0; at < headers.length; at += 2) {
    const name = String(headers[at]).toLowerCase()
    req.headers[name] ??= String(headers[at + 1])
    req.headersDistinct[name] = [...(req.headersDistinct[name] ?? []), String(headers[at + 1])]
  }
  return req
}
const answer = () => new ServerResponse(request('192.0.2.7'))
const headersOf = (res: ServerResponse) => ({ ...res.getHeaders() })

test('every Authorization line is seen, the second as well', () => {
  expect(authorizationLines(request('192.0.2.7'))).toBeUndefined()
  expect(authorizationLines(request('192.0.2.7', {}, ['Authorization', 'a', 'Authorization', 'b']))).toEqual(['a', 'b'])
  // Frameworks that imitate a request may have only the joined headers.
  const imitated = (headers: object) => authorizationLines({ headers } as IncomingMessage)
  expect(imitated({ authorization: 'a' })).toEqual(['a'])
  expect(imitated({})).toBeUndefined()
})

test.for<readonly [string | undefined, object, boolean | undefined]>([
  ['192.0.2.7', {}, false],
  ['2001:db8::1', {}, false],
  ['192.127.0.1', {}, false],
  ['::ffff:192.0.2.7', {}, false],
  ['x::ffff:127.0.0.1', {}, false],
  ['127x', {}, false],
  [undefined, {}, false],
  ['127.0.0.1', {}, undefined],
  ['127.8.8.8', {}, undefined],
  ['::1', {}, undefined],
  ['::ffff:127.0.0.1', {}, undefined],
  ['::FFFF:127.0.0.1', {}, undefined],
  ['192.0.2.7', { encrypted: true }, true],
  ['127.0.0.1', { encrypted: true }, true],
  ['192.0.2.7', { encrypted: false }, false],
  ['127.0.0.1', { encrypted: false }, undefined],
])('a connection from %s with %j is safe: %s', ([remoteAddress, members, secure]) => {
  const req = request(remoteAddress, members)
  expect(requestFacts(req)).toStrictEqual({ url: '/EWS', method: 'POST', headers: req.headers, source: remoteAddress, secure })
})

test('what the server knows better goes before what the socket says', () => {
  const req = request('127.0.0.1')
  expect(requestFacts(req, { source: '203.0.113.9', secure: true })).toMatchObject({ source: '203.0.113.9', secure: true })
  delete req.url
  expect(requestFacts(req).url).toBe('')
})

const refused: Refused = {
  outcome: 'refused',
  status: 401,
  headers: [
    ['A', '1'],
    ['A', '2'],
  ],
  error: undefined,
}
const refusedApp: RefusedApp = { ...refused, status: 403, text: 'Ärger', offersBasic: false } as RefusedApp

test('a refused token has an empty body, a refused app its text', () => {
  const bare = answer()
  sendRefusal(bare, refused)
  expect([bare.statusCode, headersOf(bare), bare.writableEnded]).toEqual([401, { a: ['1', '2'], 'content-length': '0' }, true])
  const app = answer()
  sendRefusal(app, refusedApp)
  expect([app.statusCode, headersOf(app), app.writableEnded]).toEqual([
    403,
    { a: ['1', '2'], 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'content-length': '7' },
    true,
  ])
  expect([refusalText(refused), refusalText(refusedApp)]).toEqual(['', 'Ärger\n'])
})

const claims = { sub: 'mary' } as Accepted['claims']
const accepted: Accepted = { outcome: 'accepted', via: 'token', claims }
const letting = (...seen: unknown[][]): Guard => ({
  check: async (authorization, demands) => {
    seen[0]?.push(authorization, demands)
    return accepted
  },
  refuse: (error, demands) => {
    seen[0]?.push(error.code, demands)
    return refused
  },
})

test('the handler hears who was let in, and the guard what was asked', async () => {
  const seen: unknown[] = []
  const handled: unknown[] = []
  const known = { source: '203.0.113.9' }
  for (const given of [known, () => known]) {
    const handler = guarded(letting(seen), (...all) => void handled.push(all.slice(2)), { scopes: ['a'], request: given })
    const req = request('192.0.2.7', {}, ['Authorization', 'x'])
    await handler(req, answer())
    expect(seen.splice(0)).toMatchObject([['x'], { scopes: ['a'], request: { url: '/EWS', source: '203.0.113.9' } }])
  }
  expect(handled).toEqual([
    [claims, accepted],
    [claims, accepted],
  ])
  expect(claimsOf(accepted)).toBe(claims)
})

test('a refusal that a handler throws is answered by the demands of its route', async () => {
  const seen: unknown[] = []
  const options = { scopes: ['a'], request: { source: 'x' } }
  const throwing = guarded(letting(seen), () => Promise.reject(new TokenError('insufficient_scope')), options)
  const res = answer()
  await throwing(request('192.0.2.7'), res)
  expect([res.statusCode, res.writableEnded]).toEqual([401, true])
  expect(seen.slice(2)).toEqual(['insufficient_scope', { scopes: ['a'] }])
})

test('a fault ends the answer: 500 where nothing was sent, the connection where something was', async () => {
  const faults: unknown[] = []
  const onFault = (fault: unknown) => faults.push(fault)
  const before = answer()
  const fault = new RangeError('x')
  await guarded(letting(), () => Promise.reject(fault), { onFault })(request('192.0.2.7'), before)
  expect([before.statusCode, before.writableEnded, before.destroyed]).toEqual([500, true, false])
  for (const late of [fault, new TokenError('insufficient_scope')]) {
    const after = answer()
    await guarded(
      letting(),
      (_req, res) => {
        res.writeHead(200).flushHeaders()
        throw late
      },
      { onFault },
    )(request('192.0.2.7'), after)
    expect([after.statusCode, after.writableEnded, after.destroyed]).toEqual([200, false, true])
  }
  expect(faults).toEqual([fault, fault, expect.any(TokenError)])
})

test('a fault that nobody asked to hear of is a warning of the process', async () => {
  const warned: unknown[] = []
  const note = (warning: Error): void => {
    warned.push(warning.message)
  }
  process.on('warning', note)
  const odd: unknown = 'no error'
  for (const fault of [new RangeError('a fault of the handler'), odd])
    await guarded(letting(), () => Promise.reject(fault))(request('192.0.2.7'), answer())
  await expect.poll(() => warned).toEqual(['a fault of the handler', 'no error'])
  process.off('warning', note)
})
