/** A plain redemption of a code goes the short way; a parameter that nobody knows sends the same request of a twin the long way. */
import { createHash, randomUUID } from 'node:crypto'
import type { ClientId, FamilyId, RealmId, RealmSettings } from '@postern/storage'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { askToken, refresh } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import {
  type Asked,
  authorization,
  basic,
  claimsOf,
  codeOf,
  headerOf,
  MAIL,
  signedIn,
  startWorld,
  type World,
} from '../support/world.ts'

type Form = Readonly<Record<string, string>>
type Headers = Record<string, string>
type Code = Asked & { readonly code: string }

let world: World
let browser: Browser
/** How often oidc-provider decided at the token endpoint since a test last looked. */
let reached = 0
const watched = new WeakSet()
async function watch(id = world.sts.realm.id) {
  reached = 0
  const realm = await world.sts.store.realms.find(id)
  const { provider } = await world.sts.service.protocol.runtimeOf(realm ?? world.sts.realm)
  if (watched.has(provider)) return
  watched.add(provider)
  provider.on('grant.success', count)
  provider.on('grant.error', count)
}
const count = () => {
  reached += 1
}
let settings: RealmSettings
beforeAll(async () => {
  world = await startWorld()
  settings = world.sts.realm.settings
  browser = await signedIn(world)
})
afterAll(() => world.close())

const PATH = '/oauth2/v2.0/token'
/** RFC 6749 section 3.2: what a server does not know, it ignores. */
const elsewhere = { unknown_to_everybody: '1' }
const own = new Set(['jti', 'fam', 'grant_id', 'grantId', 'familyId', 'id'])
const without = (record: object, names: ReadonlySet<string>) => Object.entries(record).filter(([name]) => !names.has(name))
const TOKENS = new Set(['access_token', 'refresh_token', 'id_token'])

/** Everything of a token but what differs between any two families. Order counts. */
const seenIn = (token: unknown) =>
  typeof token !== 'string' || token.split('.').length !== 3
    ? typeof token
    : { header: Object.entries(headerOf(token)), claims: without(claimsOf(token), own), names: Object.keys(claimsOf(token)) }

/** What is kept of the tokens of an answer: the token, its family, and the grant of both. */
async function keptOf(body: Readonly<Record<string, unknown>>) {
  if (typeof body.access_token !== 'string' || body.access_token.split('.').length !== 3) return undefined
  const { refreshTokens, artifacts } = world.sts.kept
  const grantId = String(claimsOf(body.access_token).grant_id)
  const grant = await artifacts.find('Grant', grantId)
  const family = await refreshTokens.family(grantId as FamilyId) // a family has the id of its grant
  const handle = typeof body.refresh_token === 'string' ? String(claimsOf(body.refresh_token).jti) : undefined
  const token = handle === undefined ? undefined : await refreshTokens.find(handle)
  return {
    grant: grant && { ...grant, payload: without(grant.payload, own).sort() },
    family: family && without(family, own),
    token: token && { ...without(token, new Set([...own, 'payload'])), payload: without(token.payload, own).sort() },
  }
}

async function ask(path: string, form: Form, headers: Headers) {
  const known = new Set((await world.sts.kept.audit.list({ limit: 10_000 })).map(({ id }) => id))
  await watch()
  const response = await fetch(`${world.issuer}${path}`, { method: 'POST', body: new URLSearchParams(form), headers })
  const text = await response.text()
  const way = reached === 0 ? 'short' : 'long'
  const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} // answers are objects
  const rows = (await world.sts.kept.audit.list({ limit: 10_000 })).filter(({ id }) => !known.has(id))
  const used = await world.sts.kept.artifacts.find('AuthorizationCode', form.code ?? '')
  return {
    way,
    body,
    told: {
      status: response.status,
      headers: [...response.headers].filter(([name]) => !['date', 'content-length'].includes(name)),
      members: Object.keys(body),
      body: without(body, TOKENS),
      tokens: [...TOKENS].map((name) => seenIn(body[name])),
      // The clock stands still, so the order of rows tells nothing.
      rows: rows
        .map(({ event, outcome, clientId, accountId, source, detail }) => ({
          ...{ event, outcome, clientId, accountId, source },
          detail: without(detail, own),
          members: Object.keys(detail).sort(),
        }))
        .sort((one, other) => one.event.localeCompare(other.event)),
      consumedAt: used?.consumedAt,
      kept: await keptOf(body),
    },
  }
}

type Change = Readonly<Record<string, string | undefined>>

/** Two codes that are alike, of one sign-in at one moment; one is redeemed by the short way, the other by the long. */
async function twins(client = world.sts.clients.mail, change: Change = {}) {
  const isOfOpenId = change.scope?.includes('openid') ?? true
  const nonce = isOfOpenId ? { nonce: 'a-nonce' } : {}
  const one = () => codeOf(browser, authorization(world, { client, change: { ...nonce, ...change } }))
  return { short: await one(), long: await one() }
}

const formOf = ({ code, redirectUri, clientId, verifier }: Code): Form => ({
  ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
  ...{ client_id: clientId, code_verifier: verifier },
})
const drop = (form: Form, name: string): Form => Object.fromEntries(Object.entries(form).filter(([one]) => one !== name))

interface Bent {
  readonly form?: (form: Form) => Form
  readonly headers?: Headers
  readonly path?: string
}

/** Asks for both twins, with the same change to each. */
async function askBoth(pair: { short: Code; long: Code }, { form = (plain) => plain, headers = {}, path = PATH }: Bent = {}) {
  const short = await ask(path, form(formOf(pair.short)), headers)
  const long = await ask(path, { ...form(formOf(pair.long)), ...elsewhere }, headers)
  return { short, long }
}

async function expectBothShown(pair: { short: Code; long: Code }, bent?: Bent) {
  const { short, long } = await askBoth(pair, bent)
  expect([short.way, long.way]).toEqual(['short', 'long'])
  expect(short.told).toEqual(long.told)
  expect(short.told.status).toBe(200)
  expect(short.told.consumedAt).toEqual(new Date())
  return { short, long }
}

async function expectBothRefused(pair: { short: Code; long: Code }, status: number, bent?: Bent) {
  const { short, long } = await askBoth(pair, bent)
  expect([short.way, short.told.status]).toEqual(['long', status])
  expect(short.told).toEqual(long.told)
  expect(short.told.tokens).toEqual(['undefined', 'undefined', 'undefined'])
  return { short, long }
}

it.each(['/oauth2/v2.0/token', '/oauth2/token', '/tokens/OAuth/2'])(
  'at %s a plain redemption is answered alike',
  async (path) => {
    const { short } = await expectBothShown(await twins(), { path })
    expect(short.told.tokens).not.toContain('undefined')
  },
)

it.each([
  ['no OpenID Connect', `offline_access ${MAIL}EAS.AccessAsUser.All`],
  ['a profile and an address', `${MAIL}IMAP.AccessAsUser.All email openid profile offline_access ${MAIL}SMTP.Send`],
  ['all that the client may have', `openid offline_access ${MAIL}.default`],
  ['no refresh token', `openid profile ${MAIL}EAS.AccessAsUser.All`],
  ['nothing but the resource', `${MAIL}EAS.AccessAsUser.All`],
])('a code for %s is redeemed alike', async (_what, scope) => {
  await expectBothShown(await twins(world.sts.clients.mail, { scope }))
})

it('a code without a nonce, and one asked for at the first version, are redeemed alike', async () => {
  await expectBothShown(await twins(world.sts.clients.mail, { nonce: undefined }))
  const ofV1 = async () => {
    const change = { scope: undefined, resource: MAIL, nonce: 'a-nonce' }
    return codeOf(browser, authorization(world, { path: '/oauth2/authorize', change }))
  }
  await expectBothShown({ short: await ofV1(), long: await ofV1() }, { path: '/oauth2/token' })
})

it('a client that is told of sign-outs, and so gets a session id of its own, is answered alike', async () => {
  await world.changeClient(world.sts.clients.mail, { backchannelLogoutUri: 'https://client.contoso.com/logout' })
  const { short } = await expectBothShown(await twins()).finally(() => changeBack())
  expect(claimsOf(short.body.id_token).sid).toEqual(expect.any(String))
})

it('a client that shows its secret is answered alike, and refused alike without it or by a wrong one', async () => {
  const { confidential } = world.sts.clients
  await expectBothShown(await twins(confidential), { headers: basic(confidential) })
  await expectBothShown(await twins(confidential), {
    headers: basic(confidential),
    form: (form) => drop(form, 'client_id'),
  })
  const pair = await twins(confidential)
  for (const headers of [{}, basic({ ...confidential, clientSecret: 'wrong' })]) await expectBothRefused(pair, 401, { headers })
  // In the form, it is shown where it does not belong.
  const { clientSecret = '' } = confidential
  await expectBothRefused(pair, 401, { form: (form) => ({ ...form, client_secret: clientSecret }) })
  await expectBothShown(pair, { headers: basic(confidential) })
})

it('a client that may not refresh gets no refresh token, by either way', async () => {
  await world.changeClient(world.sts.clients.mail, { grantTypes: ['authorization_code'] })
  const pair = await twins()
  const { short } = await expectBothShown(pair).finally(() => changeBack())
  expect(short.body.refresh_token).toBeUndefined()
})

it('what the short way began, refreshes and ends as what the long way began', async () => {
  const { short } = await expectBothShown(await twins())
  const again = await refresh(world.token, world.sts.clients.mail.clientId, String(short.body.refresh_token))
  expect(again.status).toBe(200)
  const asked = { token: String(short.body.access_token) }
  const introspect = async () =>
    (await askToken(`${world.issuer}/oauth2/v2.0/introspect`, asked, basic(world.sts.clients.server))).body.active
  expect(await introspect()).toBe(true)
  const form = { token: String(again.body.refresh_token), client_id: world.sts.clients.mail.clientId }
  await askToken(`${world.issuer}/oauth2/v2.0/revoke`, form)
  expect(await introspect()).toBe(false)
})

/** As an administrator left it. */
const changeBack = () =>
  world.changeClient(world.sts.clients.mail, {
    status: 'active',
    grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    dpopBoundAccessTokens: false,
    backchannelLogoutUri: undefined as never, // absent once more
  })

describe('what is not plain, or not right, goes the long way', () => {
  const POLICY = randomUUID()
  afterEach(async () => {
    await world.changeAccount(world.sts.mary, { status: 'active' })
    await changeBack()
    await world.sts.kept.policies.remove(POLICY)
    await world.changeSettings(settings)
  })
  const put = (definition: Record<string, unknown>) =>
    world.sts.kept.policies.put({
      ...{ id: POLICY, name: 'Closed', mode: 'on', definition },
      ...{ createdAt: new Date(), updatedAt: new Date() },
    })
  const changeMail = (change: Parameters<World['changeClient']>[1]) => () => world.changeClient(world.sts.clients.mail, change)
  const named = (name: string, value: string) => (form: Form) => ({ ...form, [name]: value })

  const harmless: readonly { what: string; status: number; form?: (form: Form) => Form; headers?: () => Headers }[] = [
    { what: 'another client', status: 401, form: (form) => ({ ...form, client_id: world.sts.clients.confidential.clientId }) },
    {
      what: 'another client that proves itself',
      status: 400,
      form: (form) => drop(form, 'client_id'),
      headers: () => basic(world.sts.clients.confidential),
    },
    { what: 'an unknown client', status: 401, form: named('client_id', 'nobody') },
    { what: 'no client', status: 400, form: named('client_id', '') },
    { what: 'a secret of a client without one', status: 401, form: named('client_secret', 'x') },
    { what: 'another redirect address', status: 400, form: named('redirect_uri', 'http://127.0.0.1/callback/') },
    { what: 'no redirect address', status: 400, form: (form) => drop(form, 'redirect_uri') },
    { what: 'another verifier', status: 400, form: named('code_verifier', 'a'.repeat(43)) },
    {
      what: 'the challenge in place of the verifier',
      status: 400,
      form: (form) => named('code_verifier', challengeOf(form))(form),
    },
    { what: 'a verifier that is too short', status: 400, form: named('code_verifier', 'a'.repeat(42)) },
    { what: 'no verifier', status: 400, form: (form) => drop(form, 'code_verifier') },
    { what: 'an empty verifier', status: 400, form: named('code_verifier', '') },
    { what: 'no code', status: 400, form: named('code', '') },
    { what: 'a proof of a key', status: 400, headers: () => ({ dpop: 'a.b.c' }) },
    { what: 'an origin that may not ask', status: 400, headers: () => ({ origin: 'https://elsewhere.contoso.com' }) },
  ]
  const challengeOf = ({ code_verifier = '' }: Form) => createHash('sha256').update(code_verifier).digest('base64url')

  describe('and leaves the code as it is:', () => {
    let pair: { short: Code; long: Code }
    beforeAll(async () => {
      pair = await twins()
    })
    it.each(harmless)('$what', async ({ status, form, headers }) => {
      const bent = { ...(form ? { form } : {}), ...(headers ? { headers: headers() } : {}) }
      const { short } = await expectBothRefused(pair, status, bent)
      expect(short.told.consumedAt).toBeUndefined()
    })
    it('which is redeemed at last', async () => {
      await expectBothShown(pair)
    })
  })

  it.each<{ what: string; status: number; given: () => Promise<unknown> }>([
    { what: 'a disabled account', status: 400, given: () => world.changeAccount(world.sts.mary, { status: 'disabled' }) },
    { what: 'a disabled client', status: 401, given: changeMail({ status: 'disabled' }) },
    { what: 'a client without the grant', status: 400, given: changeMail({ grantTypes: ['refresh_token'] }) },
    { what: 'a client that must bind its tokens', status: 400, given: changeMail({ dpopBoundAccessTokens: true }) },
    { what: 'a policy that blocks', status: 400, given: () => put({ access: 'block', when: { flow: ['authorization'] } }) },
    { what: 'a policy that asks for more', status: 400, given: () => put({ require: ['phishing-resistant'] }) },
  ])('$what', async ({ status, given }) => {
    const pair = await twins()
    await given()
    await expectBothRefused(pair, status)
  })

  it('a code at the very second at which it ends, which is one too late', async () => {
    const young = await twins()
    world.pass(settings.authorizationCodeSeconds - 1)
    await expectBothShown(young)
    const old = await twins()
    world.pass(settings.authorizationCodeSeconds)
    await expectBothRefused(old, 400)
  })

  it('a code that was used, of which everything ends', async () => {
    const pair = await twins()
    const once = await expectBothShown(pair)
    const twice = await expectBothRefused(pair, 400)
    expect(twice.short.told.rows.map(({ event }) => event)).toEqual(['token.refused'])
    for (const { body } of [once.short, once.long]) {
      const again = await refresh(world.token, world.sts.clients.mail.clientId, String(body.refresh_token))
      expect(again.status).toBe(400)
    }
    await expectBothRefused(pair, 400)
  })

  it('a code whose grant was ended', async () => {
    const pair = await twins()
    for (const { code } of [pair.short, pair.long]) {
      const found = await world.sts.kept.artifacts.find('AuthorizationCode', code)
      await world.sts.kept.artifacts.destroy('Grant', String(found?.payload.grantId))
    }
    await expectBothRefused(pair, 400)
  })

  it('an account that was signed out everywhere meanwhile', async () => {
    const pair = await twins()
    world.pass(1)
    await world.sts.kept.accounts.signOut(world.sts.mary.account.id, new Date())
    await expectBothRefused(pair, 400)
    browser = await signedIn(world)
  })

  it('a code of before the database was put back, after which nothing counts that was shown before', async () => {
    const pair = await twins()
    world.pass(1)
    await world.sts.kept.revocations.startAnew(new Date())
    await expectBothRefused(pair, 400)
    browser = await signedIn(world)
    await expectBothShown(await twins())
  })

  it("another realm's code, even where its app, person and key are there too", async () => {
    const { sts } = world
    const id = randomUUID() as string as RealmId // a brand has no runtime part
    await sts.store.realms.add({ ...sts.realm, id, domains: [`${id}.contoso.com`], createdAt: new Date() })
    const next = sts.store.realm(id)
    for (const key of await sts.kept.signingKeys.list(new Date())) await next.signingKeys.add(key)
    await next.resources.add(sts.resource)
    await next.accounts.add(sts.mary.account)
    const client = await sts.kept.clients.find(sts.clients.mail.clientId as ClientId) // as above
    if (client) await next.clients.add(client)
    const pair = await twins()
    await watch(id)
    const { short } = await expectBothRefused(pair, 400, { path: `/../${id}${PATH}` })
    expect(short.body.error).toBe('invalid_grant')
    await expectBothShown(pair)
  })

  it.each<{ what: string; status: number; change: Change; form?: (form: Form) => Form }>([
    { what: 'for a key', status: 400, change: { dpop_jkt: 'a'.repeat(43) } },
    { what: 'that asks for claims', status: 200, change: { claims: '{"id_token":{"email":{"essential":true}}}' } },
    { what: 'for nothing but OpenID Connect', status: 200, change: { scope: 'openid offline_access' } },
    { what: 'of which the resource is named once more', status: 200, change: {}, form: named('resource', MAIL) },
    { what: 'of which the scope is named once more', status: 200, change: {}, form: named('scope', 'openid') },
    {
      what: 'for which another resource is asked',
      status: 400,
      change: {},
      form: named('resource', 'https://other.contoso.com/'),
    },
  ])('a code $what', async ({ status, change, form }) => {
    const { short, long } = await askBoth(await twins(world.sts.clients.mail, change), form ? { form } : {})
    expect([short.way, short.told.status]).toEqual(['long', status])
    expect(short.told).toEqual(long.told)
  })
})

it('of many who come with one code at once, one gets tokens, and they end', async () => {
  const many = ({ code, ...of }: Code, more: Form = {}) =>
    Promise.all(Array.from({ length: 8 }, () => askToken(world.token, { ...formOf({ code, ...of }), ...more })))
  const pair = await twins()
  await many(pair.long, elsewhere) // and now as many connections are open
  const answers = await many(pair.short)
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400])
  const winner = answers.find(({ status }) => status === 200)?.body
  expect((await refresh(world.token, pair.short.clientId, String(winner?.refresh_token))).status).toBe(400)
  const family = String(claimsOf(winner?.access_token).grant_id)
  const rows = (await world.sts.kept.audit.list({ limit: 60 })).filter(({ detail }) => detail.familyId === family)
  expect(rows.map(({ event }) => event).filter((event) => event === 'token.issued')).toHaveLength(1)
})
