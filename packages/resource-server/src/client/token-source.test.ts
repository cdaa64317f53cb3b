import { expect, test } from 'vitest'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import { caller, callerId, readPart, realm, StoppedClock, unsigned } from '../testing/loopback-issuer.ts'
import { ServerClientError } from './errors.ts'
import type { SentRequest } from './exchange.ts'
import { readSigningIdentity } from './signing-identity.ts'
import { createTokenSource, type TokenSourceOptions } from './token-request.ts'

const issuer = `https://sts.example/${realm}`
const location = `${issuer}/token`
const resource = `mail/mail.contoso.com@${realm}`
const identity = readSigningIdentity({ clientId: callerId, ...caller })
const endpoint = { location, protocol: 'OAuth2', usage: 'issuance' }
const document = {
  realm,
  serviceName: securityTokenServiceId,
  issuer: `${securityTokenServiceId}@${realm}`,
  endpoints: [endpoint],
}
const claims = { aud: resource, nameid: `${callerId}@${realm}`, exp: 1_900_000_000 }
const token = { token_type: 'Bearer', access_token: `${unsigned({ alg: 'RS256' }, claims)}c2ln`, expires_in: 3600 }

type Answering = (request: SentRequest) => Response
/** A source whose token service answers from functions, and what it was asked. */
function makeSource(
  {
    metadata = () => Response.json(document),
    tokens = () => Response.json(token),
  }: { metadata?: Answering; tokens?: Answering } = {},
  more: Partial<TokenSourceOptions> = {},
) {
  const clock = new StoppedClock()
  const asked: SentRequest[] = []
  const source = createTokenSource({
    identity,
    realm,
    issuer: { realm, issuer },
    send: async (request) => {
      asked.push(request)
      return request.purpose === 'metadata' ? metadata(request) : tokens(request)
    },
    clock: clock.now,
    newId: () => 'id',
    timeoutMs: 1000,
    allowInsecureLoopback: false,
    ...more,
  })
  return { source, clock, asked, purposes: () => asked.map(({ purpose }) => purpose) }
}
const said = (source: ReturnType<typeof makeSource>['source']): Promise<string> =>
  source.request(resource).then(
    () => 'a token',
    (error: unknown) => {
      if (error instanceof ServerClientError) return `${error.code} ${error.status ?? ''}: ${error.detail}`
      throw error
    },
  )

test('metadata are asked for as JSON and a token by a form, at the one endpoint that issues', async () => {
  const others = [
    { ...endpoint, location: `${issuer}/other`, usage: 'metadata' },
    { ...endpoint, location: `${issuer}/other`, protocol: 'SAML' },
  ]
  const { source, asked } = makeSource({ metadata: () => Response.json({ ...document, endpoints: [...others, endpoint] }) })
  expect(await source.request(resource)).toMatchObject({ audience: resource, lifeSeconds: 3600 })
  expect(asked.map(({ purpose, method, url, headers }) => [purpose, method, url, Object.fromEntries(headers)])).toEqual([
    ['metadata', 'GET', `${issuer}/metadata/json/1`, { accept: 'application/json' }],
    ['token', 'POST', location, { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }],
  ])
  expect(asked[1]?.bodyText).toBe(asked[1]?.body)
})

test('metadata are read again after eight hours, and never where the endpoint is configured', async () => {
  const { source, clock, purposes } = makeSource()
  await source.request(resource)
  clock.move(8 * 3600 - 1)
  await source.request(resource)
  expect(purposes()).toEqual(['metadata', 'token', 'token'])
  clock.move(1)
  await source.request(resource)
  expect(purposes().slice(3)).toEqual(['metadata', 'token'])
  const configured = makeSource({}, { issuer: { realm, issuer, tokenEndpoint: `${issuer}/own` } })
  await configured.source.request(resource)
  expect(configured.asked.map(({ url }) => url)).toEqual([`${issuer}/own`])
})

const named =
  (changes: object): Answering =>
  () =>
    Response.json({ ...document, ...changes })
test.for<readonly [Answering, string]>([
  [named({ realm: 'other' }), `metadata_refused : ${issuer} calls itself ${document.issuer}`],
  [named({ issuer: 'other@x' }), `metadata_refused : ${issuer} calls itself other@x`],
  [named({ endpoints: [] }), `metadata_refused : ${issuer} has 0 OAuth2 issuance endpoints`],
  [named({ endpoints: [endpoint, endpoint] }), `metadata_refused : ${issuer} has 2 OAuth2 issuance endpoints`],
  [
    named({ endpoints: [{ ...endpoint, location: 'https://evil.example/token' }] }),
    `metadata_refused : ${issuer} sends us to https://evil.example/token`,
  ],
  [named({ endpoints: [{ ...endpoint, location: 'token' }] }), `metadata_refused : ${issuer} sends us to token`],
  [() => new Response('x'), `metadata_refused : ${issuer}`],
  [() => new Response('', { status: 404 }), `metadata_refused 404: ${issuer}`],
  [() => new Response('', { status: 499 }), `metadata_refused 499: ${issuer}`],
  [() => new Response('', { status: 500 }), `issuer_unavailable 500: ${issuer}`],
])('metadata that cannot be used are told: %#', async ([metadata, expected]) => {
  const { source, purposes } = makeSource({ metadata })
  expect(await said(source)).toBe(expected)
  expect(purposes()).toEqual(['metadata'])
})

test('what made metadata unreadable is kept for the log', async () => {
  await expect(makeSource({ metadata: () => new Response('x') }).source.request(resource)).rejects.toMatchObject({
    cause: { code: 'document_malformed' },
  })
})

test('only a refusal that shows another time is answered with a second try, by that time', async () => {
  const run = async (status: number, seconds: number) => {
    const ahead = (clock: StoppedClock) => new Date(clock.time.getTime() + seconds * 1000).toUTCString()
    const scene = makeSource({
      tokens: () =>
        scene.asked.filter(({ purpose }) => purpose === 'token').length > 1
          ? Response.json(token)
          : new Response('', { status, headers: { date: ahead(scene.clock) } }),
    })
    const outcome = await said(scene.source)
    const nbf = scene.asked
      .filter(({ purpose }) => purpose === 'token')
      .map(({ bodyText }) => Number(readPart(new URLSearchParams(bodyText).get('assertion') ?? '', 1).nbf) - scene.clock.seconds)
    return [outcome.split(':')[0], nbf, (scene.source.now().getTime() - scene.clock.time.getTime()) / 1000]
  }
  expect(await run(400, 600)).toEqual(['a token', [-60, 540], 600])
  expect(await run(499, -600)).toEqual(['a token', [-60, -660], -600])
  expect(await run(401, 0)).toEqual(['token_request_refused 401', [-60], 0])
  expect(await run(500, 600)).toEqual(['issuer_unavailable 500', [-60], 0])
  expect(await run(302, 600)).toEqual(['token_request_refused 302', [-60], 0])
})

const addresses = (changed: string) => `the issuer ${changed} must have https addresses`
test.for<readonly [Partial<TokenSourceOptions['issuer']>, string]>([
  [{ issuer: 'http://sts.example/x' }, addresses('http://sts.example/x')],
  [{ issuer: 'x' }, addresses('x')],
  [{ issuer: `${issuer}?a` }, addresses(`${issuer}?a`)],
  [{ issuer: `${issuer}#a` }, addresses(`${issuer}#a`)],
  [{ tokenEndpoint: 'http://sts.example/x' }, addresses(issuer)],
  [{ tokenEndpoint: `${issuer}/token?a` }, addresses(issuer)],
  [{ issuer: `${issuer}/` }, `the issuer ${issuer}/ must not end with a slash`],
])('%j is misuse: %s', ([changes, message]) => {
  expect(() => makeSource({}, { issuer: { realm, issuer, ...changes } })).toThrow(new TypeError(message))
})
