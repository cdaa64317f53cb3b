import { makeRocaKey, makeSigningKey } from '@postern/conformance/hostile-tokens'
import { beforeEach, expect, test } from 'vitest'
import { createIssuerKeys, type IssuerKeys, keyTimes } from './issuer-keys.ts'
import { DocumentServer, FakeIssuer } from './testing/fake-issuer.ts'
import { makeSelfSigned } from './testing/self-signed.ts'
import { readKeySet } from './verification-key.ts'
import { weaknessOfRsaKey } from './weak-keys.ts'

const issuer = 'https://sts.example/contoso'
const first = makeSigningKey('k1')
const second = makeSigningKey('k2')
const algorithms = new Set(['RS256', 'ES256'] as const)

let now = 1_800_000_000
let server = new DocumentServer()
let sts = new FakeIssuer(server, issuer, [first])
let problems: string[] = []
beforeEach(() => {
  now = 1_800_000_000
  server = new DocumentServer()
  sts = new FakeIssuer(server, issuer, [first])
  problems = []
})
const make = (changes: { jwksUri?: string; fetch?: typeof fetch } = {}): IssuerKeys =>
  createIssuerKeys({
    issuer,
    jwksUri: changes.jwksUri,
    algorithms,
    clock: () => new Date(now * 1000),
    fetch: changes.fetch ?? server.fetch,
    allowInsecureLoopback: false,
    onProblem: (problem) => problems.push(problem),
  })
const kidOf = async (keys: IssuerKeys, kid: string): Promise<string> => {
  const found = await keys.findKey(kid)
  return typeof found === 'string' ? found : found.kid
}
const jwksFetches = (): number => server.asked.filter((url) => url.endsWith('/keys')).length

test('keys come from the jwks_uri of the metadata, and a burst shares one fetch', async () => {
  const keys = make()
  const found = await Promise.all(Array.from({ length: 50 }, () => kidOf(keys, 'k1')))
  expect(new Set(found)).toEqual(new Set(['k1']))
  expect(server.asked).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/keys`])
})

test('a thousand unknown kids cause one fetch in each cool-down', async () => {
  const keys = make()
  await keys.findKey('k1')
  const before = jwksFetches()
  for (let index = 0; index < 1000; index += 1) expect(await kidOf(keys, `random-${index}`)).toBe('unknown')
  expect(jwksFetches()).toBe(before)
  now += keyTimes.coolDown
  for (let index = 0; index < 1000; index += 1) expect(await kidOf(keys, `random-${index}`)).toBe('unknown')
  expect(jwksFetches()).toBe(before + 1)
})

test('a new key is found at the first token that names it, after the cool-down', async () => {
  const keys = make()
  await keys.findKey('k1')
  sts.keys = [first, second]
  sts.publish()
  expect(await kidOf(keys, 'k2')).toBe('unknown')
  now += keyTimes.coolDown
  expect(await kidOf(keys, 'k2')).toBe('k2')
})

test('while the issuer is away the last good set is kept for a day, and then forgotten', async () => {
  const keys = make()
  await keys.findKey('k1')
  server.down = true
  now += keyTimes.await
  expect(await kidOf(keys, 'k1')).toBe('k1')
  now += keyTimes.forget - keyTimes.await - 1
  expect(await kidOf(keys, 'k1')).toBe('k1')
  now += 1
  expect(await kidOf(keys, 'k1')).toBe('unavailable')
  server.down = false
  now += keyTimes.coolDown
  expect(await kidOf(keys, 'k1')).toBe('k1')
})

test('while the issuer is away, requests do not wait for it again and again', async () => {
  const keys = make()
  await keys.findKey('k1')
  server.down = true
  now += keyTimes.await
  expect(keys.mustWait(now)).toBe(true)
  await keys.findKey('k1')
  now += keyTimes.coolDown
  expect(keys.mustWait(now)).toBe(false)
})

test('nothing fetched yet and the issuer away: unavailable, one attempt in each cool-down', async () => {
  const keys = make()
  server.down = true
  for (let index = 0; index < 20; index += 1) expect(await kidOf(keys, 'k1')).toBe('unavailable')
  expect(server.asked.length).toBe(1)
})

test('an issuer that withdraws all its keys is believed', async () => {
  const keys = make()
  const held = await keys.findKey('k1')
  sts.keys = []
  sts.publish()
  now += keyTimes.await
  expect(await kidOf(keys, 'k1')).toBe('unknown')
  expect(typeof held === 'object' && keys.holds(held, now)).toBe(false)
})

test('a refreshed set keeps the very key objects that did not change', async () => {
  const keys = make()
  const before = await keys.findKey('k1')
  sts.keys = [first, second]
  sts.publish()
  now += keyTimes.await
  expect(await keys.findKey('k1')).toBe(before)
  expect(await kidOf(keys, 'k2')).toBe('k2')
})

test('a clock that was set back does not stop fetching', async () => {
  const keys = make()
  await keys.findKey('k1')
  now -= 100_000
  sts.keys = [second]
  sts.publish()
  expect(await kidOf(keys, 'k2')).toBe('k2')
})

test('RFC 8414 metadata is found when there is no OpenID document', async () => {
  server.documents.delete(`${issuer}/.well-known/openid-configuration`)
  server.documents.set('https://sts.example/.well-known/oauth-authorization-server/contoso', {
    issuer,
    jwks_uri: `${issuer}/keys`,
  })
  expect(await kidOf(make(), 'k1')).toBe('k1')
})

test.for<[name: string, document: unknown]>([
  ['names another issuer', { issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` }],
  ['names no issuer', { jwks_uri: `${issuer}/keys` }],
  ['names no keys', { issuer }],
  ['sends to http', { issuer, jwks_uri: 'http://sts.example/keys' }],
  ['sends to a file', { issuer, jwks_uri: 'file:///etc/passwd' }],
  ['is a list', []],
  ['is null', null],
])('metadata that %s gives no keys', async ([, document]) => {
  server.documents.set(`${issuer}/.well-known/openid-configuration`, document)
  expect(await kidOf(make(), 'k1')).toBe('unavailable')
  expect(problems).toHaveLength(1)
})

test.for<[name: string, document: unknown]>([
  ['no object', 'keys'],
  ['no list', { keys: {} }],
  ['too many keys', { keys: Array.from({ length: 101 }, () => first.jwk) }],
  ['too large', { keys: [], more: 'x'.repeat(600_000) }],
])('a key set that is %s leaves the last good one in place', async ([, document]) => {
  const keys = make()
  await keys.findKey('k1')
  server.documents.set(`${issuer}/keys`, document)
  now += keyTimes.await
  expect(await kidOf(keys, 'k1')).toBe('k1')
  expect(problems).toHaveLength(1)
  expect(problems.join()).toMatch(/not a key set|larger than/)
})

test('redirects are not followed', async () => {
  let asked: RequestInit['redirect']
  const watching: typeof fetch = async (input, init) => {
    asked = init?.redirect
    return server.fetch(input, init)
  }
  await make({ fetch: watching }).findKey('k1')
  expect(asked).toBe('error')
})

test.for<[reason: RegExp, changes: Record<string, unknown>]>([
  [/use is not sig/, { use: 'enc' }],
  [/alg does not fit/, { alg: 'RS384' }],
  [/alg does not fit/, { alg: 'none' }],
  [/key_ops/, { key_ops: ['sign'] }],
  [/private/, { d: 'AQAB' }],
  [/private/, { k: 'secret' }],
  [/no usable kid/, { kid: undefined }],
  [/no usable kid/, { kid: '' }],
  [/no usable kid/, { kid: 'k'.repeat(257) }],
  [/unsupported/, { kty: 'oct' }],
  [/unsupported/, { kty: 'EC', crv: 'P-521' }],
  [/exponent 3/, { e: 'Aw' }],
  [/exponent 1/, { e: 'AQ' }],
  [/exponent 65538/, { e: 'AQAC' }],
  [/long exponent/, { e: 'A'.repeat(100) }],
  [/even modulus/, { n: `${first.jwk.n?.slice(0, -2)}AA` }],
  [/0 bits/, { n: '' }],
  [/not a valid public key/, { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', alg: 'ES256' }],
])('%s: a key with %j is not used', async ([reason, changes]) => {
  const set = await readKeySet({ keys: [{ ...first.jwk, ...changes }] }, algorithms)
  expect(set?.keys.size).toBe(0)
  expect(set?.ignored.join()).toMatch(reason)
})

test('of two keys with one kid neither is used', async () => {
  const set = await readKeySet({ keys: [first.jwk, { ...second.jwk, kid: 'k1' }, { ...second.jwk }] }, algorithms)
  expect([...(set?.keys.keys() ?? [])]).toEqual(['k2'])
})

test('a key of an algorithm that is switched off is not used', async () => {
  const set = await readKeySet({ keys: [first.jwk, makeSigningKey('e', 'ES256').jwk] }, new Set(['ES256'] as const))
  expect([...(set?.keys.keys() ?? [])]).toEqual(['e'])
})

test('ROCA keys and short keys are told from sound ones', () => {
  const weakness = ({ jwk }: { jwk: { n?: string; e?: string } }) => weaknessOfRsaKey(jwk.n ?? '', jwk.e ?? '')
  expect(weakness(makeRocaKey('roca'))).toMatch(/ROCA/)
  expect(weakness(makeSigningKey('short', 'RS256', 1024))).toBe('1024 bits')
  for (let count = 0; count < 3; count += 1) expect(weakness(makeSigningKey(`sound-${count}`))).toBeUndefined()
})

const unavailable = async (changes: Parameters<typeof make>[0] = {}): Promise<readonly string[]> => {
  problems = []
  expect(await kidOf(make(changes), 'k1')).toBe('unavailable')
  return problems
}

test('what is wrong at the issuer is told with the address that said it', async () => {
  const said = (why: string) => [`keys of ${issuer} not fetched: ${why}`]
  const metadata = `${issuer}/.well-known/openid-configuration`
  server.documents.set(metadata, { issuer: 'https://other.example', jwks_uri: `${issuer}/keys` })
  expect(await unavailable()).toEqual(said(`${metadata} names another issuer`))
  server.documents.set(metadata, { issuer, jwks_uri: 7 })
  expect(await unavailable()).toEqual(said(`${metadata} names no jwks_uri`))
  server.documents.set(metadata, { issuer, jwks_uri: 'http://sts.example/keys' })
  expect(await unavailable()).toEqual(said('jwks_uri may not be asked'))
  server.documents.set(metadata, new Response('{', { status: 200 }))
  expect(await unavailable()).toEqual(said(`${metadata} is not JSON`))
  server.documents.set(metadata, new Response(Buffer.from([0x22, 0xff, 0x22]), { status: 200 }))
  expect(await unavailable()).toEqual(said(`${metadata} is not JSON`))
  server.documents.set(metadata, { issuer, more: 'x'.repeat(512 * 1024) })
  expect(await unavailable()).toEqual(said(`${metadata} is larger than 524288 bytes`))
  server.documents.delete(metadata)
  expect(await unavailable()).toEqual(said(`${issuer} publishes no metadata`))
  sts.publish()
  server.documents.delete(`${issuer}/keys`)
  expect(await unavailable()).toEqual(said(`${issuer}/keys answered 404`))
  server.documents.set(`${issuer}/keys`, Response.json({ keys: [first.jwk] }, { status: 201 }))
  expect(await unavailable()).toEqual(said(`${issuer}/keys answered 201`))
  server.documents.set(`${issuer}/keys`, [])
  expect(await unavailable()).toEqual(said(`${issuer}/keys is not a key set`))
  server.down = true
  expect(await unavailable()).toEqual(said('fetch failed'))
})

test('each request asks for JSON, follows nothing and ends by itself', async () => {
  const seen: (RequestInit | undefined)[] = []
  const watching: typeof fetch = async (input, init) => {
    seen.push(init)
    return server.fetch(input, init)
  }
  await make({ fetch: watching }).findKey('k1')
  expect(seen).toHaveLength(2)
  for (const init of seen) expect(init).toMatchObject({ headers: { accept: 'application/json' }, redirect: 'error' })
  for (const init of seen) expect(init?.signal).toBeInstanceOf(AbortSignal)
})

test('an issuer that may not be asked is misuse', () => {
  const create = (changes: { issuer?: string; jwksUri?: string }) => () =>
    createIssuerKeys({
      issuer,
      jwksUri: undefined,
      algorithms,
      clock: () => new Date(now * 1000),
      fetch: server.fetch,
      allowInsecureLoopback: false,
      onProblem: () => undefined,
      ...changes,
    })
  for (const wrong of ['http://sts.example', 'no address', `${issuer}?q=1`, `${issuer}#f`, 'http://localhost/'])
    expect(create({ issuer: wrong })).toThrow(
      new TypeError(
        `The issuer ${wrong} must be an https URL without query (http only for loopback, with allowInsecureLoopback)`,
      ),
    )
  expect(create({ jwksUri: 'http://x.example' })).toThrow(new TypeError('The jwksUri http://x.example must be an https URL'))
  const keys = create({ jwksUri: 'https://x.example' })()
  expect([keys.issuer, Object.isFrozen(keys)]).toEqual([issuer, true])
})

test('cool-down, refresh and waiting hold to the second', async () => {
  const keys = make()
  expect([keys.mustWait(now), keys.heldKey('k1', now)]).toEqual([true, undefined])
  keys.refreshIfDue(now) // nothing to refresh yet
  expect(server.asked).toEqual([])
  const held = await keys.findKey('k1')
  expect([keys.mustWait(now), keys.heldKey('k1', now), keys.heldKey('k2', now)]).toEqual([false, held, undefined])
  now += keyTimes.refresh - 1
  keys.refreshIfDue(now)
  expect(jwksFetches()).toBe(1)
  expect(keys.mustWait(now)).toBe(false)
  now += keyTimes.await - keyTimes.refresh
  expect(keys.mustWait(now)).toBe(false)
  now += 1
  expect(keys.mustWait(now)).toBe(true)
  server.down = true
  expect(await keys.findKey('k1')).toBe(held)
  expect(keys.mustWait(now)).toBe(false) // the last fetch has failed: nobody waits for the next
  const asked = server.asked.length
  now += keyTimes.coolDown - 1
  keys.refreshIfDue(now)
  expect(server.asked).toHaveLength(asked)
  now += 1
  keys.refreshIfDue(now)
  keys.refreshIfDue(now)
  expect(server.asked).toHaveLength(asked + 1)
})

test('after a failure the metadata are asked again, because the keys may have moved', async () => {
  const keys = make()
  await keys.findKey('k1')
  server.documents.delete(`${issuer}/keys`)
  server.documents.set('https://moved.example/keys', { keys: [second.jwk] })
  server.documents.set(`${issuer}/.well-known/openid-configuration`, { issuer, jwks_uri: 'https://moved.example/keys' })
  now += keyTimes.await
  expect(await kidOf(keys, 'k1')).toBe('k1')
  now += keyTimes.coolDown
  expect(await kidOf(keys, 'k2')).toBe('k2')
})

test('a key is found by the thumbprint of its certificate too, and a changed thumbprint makes another key', async () => {
  sts.keys = [{ ...first, jwk: { ...first.jwk, x5t: 'AAAA' } }]
  sts.publish()
  const keys = make()
  const before = await keys.findKey('AAAA', 'x5t')
  expect([before, keys.heldKey('AAAA', now, 'x5t')]).toEqual([await keys.findKey('k1'), before])
  expect([await keys.findKey('AAAA'), await keys.findKey('k1', 'x5t'), keys.heldKey('k1', now, 'x5t')]).toEqual([
    'unknown',
    'unknown',
    undefined,
  ])
  sts.keys = [{ ...first, jwk: { ...first.jwk, x5t: 'BBBB' } }]
  sts.publish()
  now += keyTimes.await
  const after = await keys.findKey('BBBB', 'x5t')
  expect(after).not.toBe(before)
  expect(typeof before === 'object' && keys.holds(before, now)).toBe(false)
  expect(typeof after === 'object' && keys.holds(after, now)).toBe(true)
})

test('a key that is held is found without a fetch, and a forgotten set holds nothing', async () => {
  const keys = make()
  const held = await keys.findKey('k1')
  now += keyTimes.coolDown
  expect(await keys.findKey('k1')).toBe(held)
  expect(jwksFetches()).toBe(1)
  now += keyTimes.forget
  expect(typeof held === 'object' && keys.holds(held, now)).toBe(false)
})

test('a clock that was set back during a fetch makes nobody wait before the cool-down is over', async () => {
  const slow: typeof fetch = async (input, init) => {
    now += 5
    return server.fetch(input, init)
  }
  const keys = make({ fetch: slow })
  const began = now
  await keys.findKey('k1')
  expect(keys.mustWait(began + 9)).toBe(false)
  expect(keys.mustWait(now)).toBe(false)
})

test('a certificate that is published later makes another key, and what is thrown without a reason has none', async () => {
  const own = makeSelfSigned('mail.contoso.com')
  const { n, e } = own.key.export({ format: 'jwk' })
  const jwk = { kid: 'own', kty: 'RSA', n, e }
  server.documents.set(`${issuer}/keys`, { keys: [jwk] })
  const keys = make()
  const before = await keys.findKey('own')
  server.documents.set(`${issuer}/keys`, { keys: [{ ...jwk, x5c: [own.der.toString('base64')] }] })
  now += keyTimes.await
  expect(await keys.findKey('own')).not.toBe(before)
  expect(await keys.findKey(own.x5t, 'x5t')).toMatchObject({ kid: 'own', certificate: { x5t: own.x5t } })
  problems = []
  const odd: typeof fetch = () => Promise.reject('odd')
  expect(await make({ fetch: odd }).findKey('k1')).toBe('unavailable')
  expect(problems).toEqual([`keys of ${issuer} not fetched: unknown reason`])
})
