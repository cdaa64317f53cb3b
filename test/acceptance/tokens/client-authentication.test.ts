/** Clients prove themselves at every endpoint (R25), by their one method (R26), with assertions used once (R28, R29). */
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, type TokenAnswer } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import { ASSERTION_TYPE, assertion } from '../support/client-assertion.ts'
import { authorization, basic, codeOf, MAIL, mailTokens, signedIn, startWorld, verdict, type World } from '../support/world.ts'

let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

const endpoint = (path: string): string => `${world.issuer}${path}`
/** What each endpoint would be asked with right credentials. */
const REQUESTS: readonly (readonly [string, () => Record<string, string>])[] = [
  ['/oauth2/v2.0/token', () => ({ grant_type: 'client_credentials', resource: MAIL })],
  ['/oauth2/token', () => ({ grant_type: 'client_credentials', resource: MAIL })],
  ['/oauth2/v2.0/introspect', () => ({ token: 'x' })],
  ['/oauth2/v2.0/revoke', () => ({ token: 'x' })],
  [
    '/oauth2/v2.0/par',
    () => Object.fromEntries([...new URL(authorization(world, { client: world.sts.clients.confidential }).url).searchParams]),
  ],
]

describe.each(REQUESTS)('%s', (path, form) => {
  it('answers the client that proves itself', async () => {
    const answer = await askToken(endpoint(path), form(), basic(world.sts.clients.confidential))
    expect([200, 201], answer.text).toContain(answer.status)
  })

  it.each([
    ['nothing', () => [{}, {}] as const],
    ['its name alone', (id: string) => [{ client_id: id }, {}] as const],
    ['a wrong secret', (id: string) => [{}, basic({ clientId: id, clientSecret: 'wrong', redirectUri: '' })] as const],
    ['an empty secret', (id: string) => [{}, basic({ clientId: id, clientSecret: '', redirectUri: '' })] as const],
    [
      'the word kept in place of its secret',
      (id: string) => [{}, basic({ clientId: id, clientSecret: 'kept as a digest', redirectUri: '' })] as const,
    ],
    ['another client’s secret', (id: string) => [{}, basic({ ...world.sts.clients.server, clientId: id })] as const],
    [
      'its secret in the body',
      (id: string) => [{ client_id: id, client_secret: world.sts.clients.confidential.clientSecret ?? '' }, {}] as const,
    ],
    [
      'another name in the body',
      () => [{ client_id: world.sts.clients.server.clientId }, basic(world.sts.clients.confidential)] as const,
    ],
    [
      'two proofs at once',
      (id: string) =>
        [
          { client_id: id, client_secret: world.sts.clients.confidential.clientSecret ?? '' },
          basic(world.sts.clients.confidential),
        ] as const,
    ],
    ['a broken header', () => [{}, { authorization: 'Basic !!!' }] as const],
    ['a header without colon', () => [{}, { authorization: `Basic ${Buffer.from('nothing').toString('base64')}` }] as const],
    [
      'an assertion of another client',
      async (id: string) =>
        [
          {
            client_id: id,
            client_assertion_type: ASSERTION_TYPE,
            client_assertion: await assertion(world, world.sts.clients.keyed),
          },
          {},
        ] as const,
    ],
  ])('refuses a confidential client with %s', async (name, credentials) => {
    // Dovecot sends its secret in the body whatever it registered, so introspection takes it from there too.
    if (name === 'its secret in the body' && path.endsWith('introspect')) return
    const [extra, headers] = await credentials(world.sts.clients.confidential.clientId)
    const answer = await askToken(endpoint(path), { ...form(), ...extra }, headers)
    expect(verdict(answer)).toMatch(/^(401 invalid_client|400 invalid_request|400 invalid_client)$/)
    expect(answer.body.access_token ?? answer.body.request_uri ?? answer.body.active).toBeUndefined()
  })
})

describe('a code of a confidential client', () => {
  it('is not redeemed by its name alone', async () => {
    const { confidential } = world.sts.clients
    const code = await codeOf(browser, authorization(world, { client: confidential }))
    const form = {
      grant_type: 'authorization_code',
      code: code.code,
      redirect_uri: code.redirectUri,
      code_verifier: code.verifier,
    }
    expect(verdict(await askToken(world.token, { ...form, client_id: code.clientId }))).toBe('401 invalid_client')
    const answer = await askToken(world.token, form, basic(confidential))
    expect(verdict(answer)).toBe('200 ok')
    const token = String(answer.body.refresh_token)
    expect(
      verdict(await askToken(world.token, { grant_type: 'refresh_token', refresh_token: token, client_id: code.clientId })),
    ).toBe('401 invalid_client')
    expect(verdict(await askToken(world.token, { grant_type: 'refresh_token', refresh_token: token }, basic(confidential)))).toBe(
      '200 ok',
    )
  })
})

describe('a public client', () => {
  it('may not use what is for programs', async () => {
    const { mail } = world.sts.clients
    const answer = await askToken(world.token, { grant_type: 'client_credentials', resource: MAIL, client_id: mail.clientId })
    expect(verdict(answer)).toMatch(/^400 (unauthorized_client|invalid_request)$/)
    expect(answer.body.access_token).toBeUndefined()
  })

  it('is told nothing about tokens that are not its own', async () => {
    const { access } = await mailTokens(world, browser)
    await world.changeClient(world.sts.clients.mail, {})
    const told = await askToken(endpoint('/oauth2/v2.0/introspect'), {
      token: access,
      client_id: '00000000-0000-0000-0000-000000000000',
    })
    expect(verdict(told)).toBe('401 invalid_client')
  })

  it('may not prove itself by a secret that it does not have', async () => {
    const answer = await askToken(
      world.token,
      { grant_type: 'refresh_token', refresh_token: 'x' },
      basic({ ...world.sts.clients.mail, clientSecret: 'x' }),
    )
    expect(verdict(answer)).toBe('401 invalid_client')
  })
})

describe('a client with a key', () => {
  const ask = async (signed: string, extra: Record<string, string> = {}): Promise<TokenAnswer> =>
    askToken(world.token, {
      grant_type: 'client_credentials',
      resource: MAIL,
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: signed,
      ...extra,
    })
  const keyed = () => world.sts.clients.keyed

  it('gets a token for a right assertion, with or without its name beside it', async () => {
    expect(verdict(await ask(await assertion(world, keyed())))).toBe('200 ok')
    expect(verdict(await ask(await assertion(world, keyed()), { client_id: keyed().clientId }))).toBe('200 ok')
  })

  it('may leave the type out, as today’s libraries do', async () => {
    for (const typ of [undefined, 'JWT'])
      expect(verdict(await ask(await assertion(world, keyed(), { header: { typ } })))).toBe('200 ok')
  })

  const now = () => Math.floor(Date.now() / 1000)
  it.each<[string, () => Readonly<Record<string, unknown>>]>([
    ['the token endpoint as audience', () => ({ aud: world.token })],
    ['our name with a slash', () => ({ aud: `${world.issuer}/` })],
    ['the beginning of our name', () => ({ aud: world.sts.baseUrl })],
    ['our name in capitals', () => ({ aud: world.issuer.toUpperCase() })],
    ['another issuer', () => ({ aud: 'https://evil.example' })],
    ['a list of our name alone', () => ({ aud: [world.issuer] })],
    ['a list of our name and another', () => ({ aud: [world.issuer, 'https://evil.example'] })],
    ['no audience', () => ({ aud: undefined })],
    ['another issuer of the assertion', () => ({ iss: world.sts.clients.confidential.clientId })],
    ['another subject', () => ({ sub: world.sts.clients.confidential.clientId })],
    ['no issuer', () => ({ iss: undefined })],
    ['no subject', () => ({ sub: undefined })],
    ['no end', () => ({ exp: undefined })],
    ['an end that is past', () => ({ exp: now() - 60 })],
    ['an end as text', () => ({ exp: String(now() + 60) })],
    ['an end years away', () => ({ exp: now() + 10 * 365 * 86_400 })],
    ['a beginning to come', () => ({ nbf: now() + 600 })],
    ['no number of its own', () => ({ jti: undefined })],
    ['an empty number of its own', () => ({ jti: '' })],
    ['a number of its own that is an object', () => ({ jti: { a: 1 } })],
  ])('is refused an assertion with %s', async (_name, claims) => {
    expect(verdict(await ask(await assertion(world, keyed(), { claims: claims() })))).toBe('401 invalid_client')
  })

  it.each(['at+jwt', 'rt+jwt', 'dpop+jwt', 'logout+jwt'])('is refused an assertion that says it is a %s', async (typ) => {
    expect(verdict(await ask(await assertion(world, keyed(), { header: { typ } })))).toBe('401 invalid_client')
  })

  it('is refused an assertion signed by nobody, by another key, or with the public key as a secret', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    expect(verdict(await ask(await assertion(world, keyed(), { key: privateKey })))).toBe('401 invalid_client')
    const good = await assertion(world, keyed())
    const [, payload = '', signature = ''] = good.split('.')
    const head = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url')
    for (const alg of ['none', 'None', 'HS256']) {
      const unsigned = `${head({ alg })}.${payload}`
      const mac = createHmac('sha256', keyed().clientId).update(unsigned).digest('base64url')
      for (const end of ['', signature, mac]) expect(verdict(await ask(`${unsigned}.${end}`)), alg).toBe('401 invalid_client')
    }
  })

  it('is not believed by a secret', async () => {
    expect(
      verdict(
        await askToken(
          world.token,
          { grant_type: 'client_credentials', resource: MAIL },
          basic({ ...keyed(), clientSecret: 'x' }),
        ),
      ),
    ).toBe('401 invalid_client')
  })

  it('uses an assertion once, one after the other', async () => {
    const signed = await assertion(world, keyed())
    expect(verdict(await ask(signed))).toBe('200 ok')
    expect(verdict(await ask(signed))).toBe('401 invalid_client')
    expect(
      verdict(
        await ask(
          await assertion(world, keyed(), {
            claims: { jti: JSON.parse(Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString()).jti },
          }),
        ),
      ),
    ).toBe('401 invalid_client')
  })

  it('uses an assertion once, twenty times at the same moment', async () => {
    const signed = await assertion(world, keyed())
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(signed)))
    expect(answers.map(verdict).toSorted()).toEqual(['200 ok', ...Array.from({ length: 19 }, () => '401 invalid_client')])
  })

  it('keeps an assertion used after the restart of nothing: the number is remembered until the assertion ends', async () => {
    const claims = { jti: randomUUID(), exp: now() + 120 }
    expect(verdict(await ask(await assertion(world, keyed(), { claims })))).toBe('200 ok')
    world.pass(100)
    await world.sts.service.removeExpired()
    expect(verdict(await ask(await assertion(world, keyed(), { claims })))).toBe('401 invalid_client')
  })
})
