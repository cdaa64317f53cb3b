import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import { makeCallingScene } from '../testing/calling-scene.ts'
import { goodChallenge, mailId, realm, startRecorder } from '../testing/loopback-issuer.ts'
import { makeSelfSigned } from '../testing/self-signed.ts'
import { createServerClient, ServerClientError, type ServerClientOptions, serverClientErrorCodes } from './client.ts'

const thrownBy = async (work: Promise<unknown>): Promise<ServerClientError> => {
  const thrown = await work.then(
    () => 'nothing',
    (error: unknown) => error,
  )
  if (thrown instanceof ServerClientError) return thrown
  throw new TypeError('no ServerClientError', { cause: thrown })
}

test('a server that names none of our issuers gets nothing, and neither does anybody else', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  mail.challenge = goodChallenge.replace('@*', '@0c6c0d4e-0000-4000-8000-000000000000')
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('issuer_not_trusted')
  mail.challenge = undefined
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('challenge_missing')
  mail.challenge = `${goodChallenge}, client_id="other"`
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('challenge_malformed')
  mail.challenge = ['Negotiate', 'Basic realm="x"', goodChallenge]
  expect((await client.fetch(mail.url)).status).toBe(200)
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
  expect(mail.tokens().length).toBe(1)
})

test('a server that gives itself out for the token service causes no request for a token, at first or later', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  const posing = goodChallenge.replace(mailId, securityTokenServiceId)
  mail.challenge = posing
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('issuer_not_trusted')
  expect(sts.all).toEqual([])
  mail.challenge = goodChallenge
  expect((await client.fetch(mail.url)).status).toBe(200)
  mail.accept = () => ({ status: 401, headers: { 'www-authenticate': posing } })
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('issuer_not_trusted')
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
})

test('an actor token for another server than was asked for is sent to nobody', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  for (const aud of [`${mailId}/bank.contoso.com@${realm}`, `${securityTokenServiceId}/localhost@${realm}`]) {
    sts.claims = { aud }
    expect(await thrownBy(client.fetch(mail.url))).toMatchObject({ code: 'answer_malformed' })
    expect(await thrownBy(client.actorToken(`${mailId}/localhost@${realm}`))).toMatchObject({ code: 'answer_malformed' })
  }
  expect(mail.tokens()).toEqual([])
})

test('metadata of the issuer must be its own, with one endpoint on its own origin', async () => {
  await using scene = await makeCallingScene()
  await using elsewhere = await startRecorder(() => ({}))
  const { sts, mail, client } = scene
  const good = sts.document()
  const at = (location: string) => ({ location, protocol: 'OAuth2', usage: 'issuance' })
  const [endpoint] = good.endpoints
  const bad = [
    { ...good, realm: '*' },
    { ...good, realm: '0c6c0d4e-0000-4000-8000-000000000000' },
    { ...good, issuer: `00000002-0000-0ff1-ce00-000000000000@${realm}` },
    { ...good, endpoints: [] },
    { ...good, endpoints: [endpoint, endpoint] },
    { ...good, endpoints: [at(`${elsewhere.origin}/${realm}/tokens/OAuth/2`)] },
    { ...good, endpoints: [at('/tokens/OAuth/2')] },
    'not json',
    { realm },
  ]
  for (const body of bad) {
    sts.metadata = () => ({ body })
    expect((await thrownBy(client.fetch(mail.url))).code, JSON.stringify(body).slice(0, 300)).toBe('metadata_refused')
  }
  sts.metadata = () => ({ status: 404 })
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('metadata_refused')
  sts.metadata = () => ({ status: 302, headers: { location: elsewhere.origin } })
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('metadata_refused')
  sts.metadata = () => ({ body: 'x'.repeat(300_000) })
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('answer_malformed')
  sts.metadata = () => ({ status: 503 })
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('issuer_unavailable')
  expect(elsewhere.asked).toEqual([])
  expect(sts.asked('tokens/OAuth/2')).toEqual([])
  sts.metadata = () => ({ body: sts.document() })
  expect((await client.fetch(mail.url)).status).toBe(200)
})

test('metadata are read again after eight hours, and not at all where the endpoint is configured', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, own, clock } = scene
  const { client } = scene
  await client.fetch(mail.url)
  clock.move(8 * 3600 - 1)
  await client.fetch(mail.url)
  expect(sts.asked('metadata/json/1').length).toBe(1)
  clock.move(3600)
  await client.fetch(mail.url)
  expect(sts.asked('metadata/json/1').length).toBe(2)
  const tokenEndpoint = `${sts.issuer}/tokens/OAuth/2`
  await createServerClient({ ...own, issuers: [{ realm, issuer: sts.issuer, tokenEndpoint }] }).fetch(mail.url)
  expect(sts.asked('metadata/json/1').length).toBe(2)
})

test('a token service that cannot be reached, or does not answer in time, is unavailable, and is asked again for the next call', async () => {
  await using scene = await makeCallingScene({ timeoutMs: 50 })
  const { sts, mail, client } = scene
  const plain = sts.tokens
  sts.tokens = () => new Promise<never>(() => undefined)
  expect((await thrownBy(client.fetch(mail.url))).code).toBe('issuer_unavailable')
  sts.tokens = plain
  expect((await client.fetch(mail.url)).status).toBe(200)
  const gone = await startRecorder(() => ({}))
  await gone[Symbol.asyncDispose]()
  const lonely = createServerClient({ ...scene.own, issuers: [{ realm, issuer: `${gone.origin}/${realm}` }] })
  expect((await thrownBy(lonely.fetch(mail.url))).code).toBe('issuer_unavailable')
})

test('no refusal holds a token, even where a server sends back what it was sent', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  const everything = (error: unknown): string =>
    error instanceof Error ? `${error.stack} ${JSON.stringify(error)} ${everything(error.cause)}` : JSON.stringify(error ?? '')
  mail.accept = (token) => mail.refuse(`2000001;reason="cannot read ${token}";error_category="invalid_token"`)
  const refused = await thrownBy(client.actAs({ upn: 'mary@contoso.com' }).fetch(mail.url))
  expect(refused.diagnostics).toBe('2000001;reason="cannot read [token]";error_category="invalid_token"')
  sts.tokens = ({ body }) => ({ status: 400, body: { error: 'invalid_request', error_description: body } })
  const unissued = await thrownBy(client.actorToken(`x/localhost@${realm}`))
  for (const error of [refused, unissued]) expect(everything(error)).not.toMatch(/eyJ/)
})

test('an outdated certificate is told as such, and nothing is sent with it', async () => {
  await using scene = await makeCallingScene()
  const { own, mail, sts } = scene
  const old = makeSelfSigned('old.contoso.test', { notAfter: new Date('2026-01-01') })
  const client = createServerClient({ ...own, certificate: old.certificate, privateKey: old.privateKey })
  expect(await thrownBy(client.fetch(mail.url))).toMatchObject({
    code: 'certificate_outdated',
    detail: expect.stringContaining('2026-01-01'),
  })
  expect(sts.asked('tokens/OAuth/2')).toEqual([])
})

test('options that cannot work are misuse, told at the start', async () => {
  await using scene = await makeCallingScene()
  const { own, sts } = scene
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const short = makeSelfSigned('short.contoso.test', { bits: 1024 })
  const other = makeSelfSigned('other.contoso.test')
  const wrong: readonly Partial<ServerClientOptions>[] = [
    { issuers: [] },
    { issuers: [{ realm, issuer: 'http://sts.contoso.com/x' }] },
    { issuers: [{ realm, issuer: `${sts.issuer}/` }] },
    { issuers: [{ realm, issuer: `${sts.issuer}?x` }] },
    { issuers: [{ realm, issuer: sts.issuer, tokenEndpoint: 'ftp://localhost/' }] },
    { clientId: 'a@b' },
    { clientId: '' },
    { realm: 'two words' },
    { realm: '' },
    { certificate: 'no certificate' },
    { privateKey: 'no key' },
    { privateKey: ec },
    { privateKey: other.privateKey },
    { certificate: short.certificate, privateKey: short.privateKey },
    { rememberResources: 0 },
  ]
  for (const options of wrong)
    expect(() => createServerClient({ ...own, ...options }), JSON.stringify(options)).toThrow(TypeError)
})

test('every code has its own text, fit for anybody', () => {
  const texts = serverClientErrorCodes.map((code) => new ServerClientError(code).message)
  expect(new Set(texts).size).toBe(serverClientErrorCodes.length)
  for (const text of texts) expect(text).toMatch(/^[A-Z].*\.$/)
})
