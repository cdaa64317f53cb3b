import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from 'node:net'
import { expect, test } from 'vitest'
import { DiscoveryError } from './errors.ts'
import { type FetchGuards, guardedGet } from './guarded-fetch.ts'
import { listenOnLoopback } from './testing/loopback-server.ts'

type Answering = (url: string) => Response | Promise<Response>

/** Guards whose network is a function; the addresses of every name are `addresses`. */
function guards(answer: Answering | undefined, addresses: readonly string[] = ['8.8.8.8'], more: Partial<FetchGuards> = {}) {
  const resolved: string[] = []
  const all: FetchGuards = {
    fetch: answer === undefined ? undefined : async (input) => answer(String(input)),
    allowInsecureLoopback: false,
    allowPrivateNetwork: false,
    resolveHost: async (name) => {
      resolved.push(name)
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    },
    maxBytes: 100,
    signal: new AbortController().signal,
    ...more,
  }
  return { resolved, all }
}
const ok: Answering = () => new Response('ok', { headers: { 'x-one': 'a' } })
const get = (address: string, { all }: ReturnType<typeof guards>) => guardedGet(address, { accept: 'x' }, all)

/** `code: detail`, or the status of the answer. */
const said = (address: string, from: ReturnType<typeof guards>): Promise<string> =>
  get(address, from).then(
    ({ status }) => String(status),
    (error: unknown) => {
      if (error instanceof DiscoveryError) return `${error.code}: ${error.detail}`
      throw error
    },
  )

test('an answer has its address, status, headers and body', async () => {
  const answer = await get('https://mail.example/x', guards(ok))
  expect([answer.url.href, answer.status, answer.body.toString()]).toEqual(['https://mail.example/x', 200, 'ok'])
  expect([answer.header('x-one'), answer.header('x-none')]).toEqual([['a'], []])
})

test.for<readonly [addresses: readonly string[], more: Partial<FetchGuards>, expected: string]>([
  [['8.8.8.8', '2606:4700::1111'], {}, '200'],
  [['10.0.0.1'], {}, 'address_not_allowed: mail.example is private address 10.0.0.1'],
  [['8.8.8.8', '10.0.0.1'], {}, 'address_not_allowed: mail.example is private address 10.0.0.1'],
  [['10.0.0.1'], { allowPrivateNetwork: true }, '200'],
  [['10.0.0.1'], { allowInsecureLoopback: true }, 'address_not_allowed: mail.example is private address 10.0.0.1'],
  [['127.0.0.1'], {}, 'address_not_allowed: mail.example is loopback address 127.0.0.1'],
  [['127.0.0.1'], { allowInsecureLoopback: true }, '200'],
  [['127.0.0.1'], { allowPrivateNetwork: true }, 'address_not_allowed: mail.example is loopback address 127.0.0.1'],
  [
    ['169.254.169.254'],
    { allowPrivateNetwork: true, allowInsecureLoopback: true },
    'address_not_allowed: mail.example is forbidden address 169.254.169.254',
  ],
  [[], {}, 'unreachable: mail.example has no address'],
])('a name that leads to %j with %j: %s', async ([addresses, more, expected]) => {
  expect(await said('https://mail.example/', guards(ok, addresses, more))).toBe(expected)
})

test('an address in the place of a name is judged as it is, and no resolver is asked', async () => {
  const from = guards(ok, ['10.0.0.1'])
  expect(await said('https://8.8.8.8/', from)).toBe('200')
  expect(await said('https://[2606:4700::1111]/', from)).toBe('200')
  expect(await said('https://10.0.0.1/', from)).toBe('address_not_allowed: 10.0.0.1 is private address 10.0.0.1')
  expect(await said('https://[::1]:8443/', from)).toBe('address_not_allowed: [::1]:8443 is loopback address ::1')
  expect(from.resolved).toEqual([])
  const named = guards(ok)
  for (const name of ['mail1', '1mail', '8.8.8.8.example', 'x8.8.8']) {
    const url = `https://${name}/`
    if (URL.canParse(url)) expect(await said(url, named), name).toBe('200')
  }
  expect(named.resolved).toEqual(['mail1', '1mail', '8.8.8.8.example'])
})

test('plain http is for addresses of this machine alone', async () => {
  const more = { allowInsecureLoopback: true, allowPrivateNetwork: true }
  expect(await said('http://localhost/', guards(ok, ['127.0.0.1'], more))).toBe('200')
  for (const address of ['10.0.0.1', '8.8.8.8'])
    expect(await said('http://localhost/', guards(ok, [address], more))).toMatch(/^address_not_allowed: localhost is /)
  expect(await said('http://localhost/', guards(ok))).toBe('url_not_allowed: http://localhost/')
  expect(await said(`ftp://${'x'.repeat(300)}`, guards(ok))).toBe(`url_not_allowed: ftp://${'x'.repeat(194)}`)
})

test('a body may be as large as is allowed, and no larger', async () => {
  const sized = (length: number) => guards(() => new Response('x'.repeat(length)))
  expect(await said('https://mail.example/', sized(100))).toBe('200')
  expect(await said('https://mail.example/', sized(101))).toBe('answer_too_large: https://mail.example/')
  await using server = await listenOnLoopback((req, res) => res.end('x'.repeat(Number(req.url?.slice(1)))))
  const from = guards(undefined, ['127.0.0.1'], { allowInsecureLoopback: true })
  expect(await said(`${server.origin}/100`, from)).toBe('200')
  expect(await said(`${server.origin}/101`, from)).toBe(`answer_too_large: ${server.origin}/101`)
})

test('what does not come is told with its cause, and the deadline is told as such', async () => {
  const cause = new TypeError('fetch failed')
  const lost = guards(() => Promise.reject(cause))
  await expect(get('https://mail.example/x', lost)).rejects.toMatchObject({
    code: 'unreachable',
    detail: 'https://mail.example/x',
    cause,
  })
  const over = guards(ok, ['8.8.8.8'], { signal: AbortSignal.abort() })
  expect(await said('https://mail.example/x', over)).toBe('timed_out: https://mail.example/x')
  expect(over.resolved).toEqual([])
})

const redirecting = (status: number, location: string | undefined, hops = 1): Answering => {
  let left = hops
  return () => {
    left -= 1
    if (left < 0) return new Response('ok')
    return { status, headers: new Headers(location === undefined ? {} : { location }), body: null } as Response
  }
}
test('three redirects within one origin are followed, by every status that may be one', async () => {
  for (const status of [300, 301, 399])
    expect(await said('https://mail.example/x', guards(redirecting(status, '/y')))).toBe('200')
  for (const status of [299, 400])
    expect(await said('https://mail.example/x', guards(redirecting(status, '/y')))).toBe(String(status))
  expect(await said('https://mail.example/x', guards(redirecting(304, undefined)))).toBe('304')
  expect(await said('https://mail.example/x', guards(redirecting(302, '/y', 3)))).toBe('200')
  expect(await said('https://mail.example/x', guards(redirecting(302, '/y', 4)))).toBe(
    'redirect_not_allowed: https://mail.example/y to /y',
  )
  for (const location of ['https://evil.example/', 'http://mail.example/', 'https://mail.example:444/', 'https://[', 'x:y'])
    expect(await said('https://mail.example/x', guards(redirecting(302, location)))).toBe(
      `redirect_not_allowed: https://mail.example/x to ${location}`,
    )
  expect(await said('https://mail.example/x', guards(redirecting(302, `https://${'e'.repeat(300)}`)))).toBe(
    `redirect_not_allowed: https://mail.example/x to https://${'e'.repeat(192)}`,
  )
})

test('a connection of our own goes to the address that was checked, under the name that was asked', async () => {
  await using server = await listenOnLoopback((req, res) => {
    res.writeHead(
      200,
      [
        ['Set-Cookie', 'a'],
        ['Set-Cookie', 'b'],
      ].flat(),
    )
    res.end(`${req.headers.host} ${req.headers.accept}`)
  })
  const from = guards(undefined, ['127.0.0.1'], { allowInsecureLoopback: true })
  const before = getDefaultAutoSelectFamily()
  try {
    // Node asks a resolver for all addresses or for one.
    for (const all of [true, false]) {
      setDefaultAutoSelectFamily(all)
      const answer = await get(`${server.origin}/x`, from)
      expect(answer.body.toString()).toBe(`localhost:${server.port} x`)
      expect([answer.header('set-cookie'), answer.header('x-none')]).toEqual([['a', 'b'], []])
    }
  } finally {
    setDefaultAutoSelectFamily(before)
  }
  expect(from.resolved).toEqual(['localhost', 'localhost'])
  // TLS where https is asked for: this server speaks none.
  await expect(get(`https://127.0.0.1:${server.port}/`, from)).rejects.toMatchObject({
    code: 'unreachable',
    cause: { code: expect.stringMatching(/SSL|EPROTO|ECONNRESET/) },
  })
})
