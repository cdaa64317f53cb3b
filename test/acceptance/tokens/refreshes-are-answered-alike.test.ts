/** A plain refresh goes the short way; a parameter that nobody knows sends the same request of a twin the long way. */
import { randomUUID } from 'node:crypto'
import type { ClientId, RealmId, RealmSettings } from '@postern/storage'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { redeem, refresh, refreshTokenOf } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import { authorization, basic, claimsOf, codeOf, headerOf, MAIL, signedIn, startWorld, type World } from '../support/world.ts'

type Form = Readonly<Record<string, string>>
type Headers = Record<string, string>

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
beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

const PATH = '/oauth2/v2.0/token'
/** RFC 6749 section 3.2: what a server does not know, it ignores. */
const elsewhere = { unknown_to_everybody: '1' }
const own = new Set(['jti', 'fam', 'grant_id', 'familyId'])
const without = (record: object, names: ReadonlySet<string>) => Object.entries(record).filter(([name]) => !names.has(name))
const TOKENS = new Set(['access_token', 'refresh_token', 'id_token'])

/** Everything of a token but what differs between any two families. Order counts. */
const seenIn = (token: unknown) =>
  typeof token !== 'string' || token.split('.').length !== 3
    ? token
    : { header: Object.entries(headerOf(token)), claims: without(claimsOf(token), own), names: Object.keys(claimsOf(token)) }

async function ask(path: string, form: Form, headers: Headers) {
  const known = new Set((await world.sts.kept.audit.list({ limit: 10_000 })).map(({ id }) => id))
  await watch()
  const response = await fetch(`${world.issuer}${path}`, { method: 'POST', body: new URLSearchParams(form), headers })
  const text = await response.text()
  const way = reached === 0 ? 'short' : 'long'
  const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} // answers are objects
  const rows = (await world.sts.kept.audit.list({ limit: 10_000 })).filter(({ id }) => !known.has(id))
  const handle = typeof body.refresh_token === 'string' ? String(claimsOf(body.refresh_token).jti) : undefined
  const kept = handle === undefined ? undefined : await world.sts.kept.refreshTokens.find(handle)
  return {
    way,
    text,
    next: body.refresh_token,
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
      kept: kept && {
        payload: without(kept.payload, new Set([...own, 'grantId'])).sort(),
        ...{ accountId: kept.accountId, clientId: kept.clientId, expiresAt: kept.expiresAt, issuedAt: kept.issuedAt },
      },
    },
  }
}

/** Two families that are alike, of one sign-in at one moment; what one does by the short way, the other does by the long. */
async function twins(client = world.sts.clients.mail, scope?: string) {
  const one = async () => {
    const nonce = scope === undefined ? { nonce: 'a-nonce' } : {}
    const asked = authorization(world, { client, change: { ...nonce, ...(scope === undefined ? {} : { scope }) } })
    const { code, verifier, redirectUri, clientId } = await codeOf(browser, asked)
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
    if (client.clientSecret === undefined)
      return refreshTokenOf(await redeem(world.token, { code, verifier, redirectUri, clientId }))
    const answer = await fetch(world.token, { method: 'POST', body: new URLSearchParams(form), headers: basic(client) })
    return String(((await answer.json()) as Record<string, unknown>).refresh_token)
  }
  return { short: await one(), long: await one() }
}

/** Asks for both twins, the same way round or the other. */
async function askBoth(pair: { short: string; long: string }, form: Form, headers: Headers = {}, path = PATH) {
  const asked = { grant_type: 'refresh_token', ...form }
  const short = await ask(path, { ...asked, refresh_token: pair.short }, headers)
  const long = await ask(path, { ...asked, refresh_token: pair.long, ...elsewhere }, headers)
  const after = { short: String(short.next ?? pair.short), long: String(long.next ?? pair.long) }
  return { short, long, after }
}

const publicly = () => ({ client_id: world.sts.clients.mail.clientId })

describe.each(['/oauth2/v2.0/token', '/oauth2/token', '/tokens/OAuth/2'])('at %s a plain refresh is answered alike', (path) => {
  it('again and again, whichever way the one before went, and with what was granted named once more', async () => {
    let pair = await twins()
    const scope = `openid offline_access ${MAIL}EAS.AccessAsUser.All`
    for (const more of [{}, {}, { resource: MAIL }, { resource: MAIL.slice(0, -1) }, { scope }]) {
      const { short, long, after } = await askBoth(pair, { ...publicly(), ...more }, {}, path)
      expect([short.way, long.way]).toEqual(['short', 'long'])
      expect(short.told).toEqual(long.told)
      expect(short.told.status).toBe(200)
      pair = { short: after.long, long: after.short }
    }
  })
})

it('a refresh without openid, and one with a profile and an address, are answered alike', async () => {
  for (const scope of [
    `offline_access ${MAIL}EAS.AccessAsUser.All`,
    `${MAIL}IMAP.AccessAsUser.All email openid profile offline_access ${MAIL}SMTP.Send`,
    `openid offline_access ${MAIL}.default`,
  ]) {
    const { short, long } = await askBoth(await twins(world.sts.clients.mail, scope), publicly())
    expect([short.way, long.way], scope).toEqual(['short', 'long'])
    expect(short.told).toEqual(long.told)
    expect(short.told.status).toBe(200)
  }
})

it('a client that shows its secret is answered alike, and refused alike without it or by a wrong one', async () => {
  const { confidential } = world.sts.clients
  const pair = await twins(confidential)
  const { short, long, after } = await askBoth(pair, {}, basic(confidential))
  expect([short.way, long.way]).toEqual(['short', 'long'])
  expect(short.told).toEqual(long.told)
  for (const headers of [{}, basic({ ...confidential, clientSecret: 'wrong' })]) {
    const refused = await askBoth(after, { client_id: confidential.clientId }, headers)
    expect(refused.short).toMatchObject({ way: 'long', told: { status: 401 } })
    expect(refused.short.told).toEqual(refused.long.told)
  }
  // In the form, it is shown where it does not belong.
  const { clientId, clientSecret = '' } = confidential
  const misplaced = await askBoth(after, { client_id: clientId, client_secret: clientSecret })
  expect([misplaced.short.way, misplaced.short.told.status]).toEqual(['long', 401])
})

describe('what is not plain, or not right, goes the long way', () => {
  let pair: { short: string; long: string }
  beforeAll(async () => {
    settings = world.sts.realm.settings
    pair = await twins()
  })
  const POLICY = randomUUID()
  let settings: RealmSettings
  afterEach(async () => {
    await world.changeAccount(world.sts.mary, { status: 'active' })
    await world.changeClient(world.sts.clients.mail, {
      status: 'active',
      grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      dpopBoundAccessTokens: false,
    })
    await world.sts.kept.policies.remove(POLICY)
    await world.changeSettings(settings)
  })
  const put = (definition: Record<string, unknown>) =>
    world.sts.kept.policies.put({
      ...{ id: POLICY, name: 'Closed', mode: 'on', definition },
      ...{ createdAt: new Date(), updatedAt: new Date() },
    })
  const changeMail = (change: Parameters<World['changeClient']>[1]) => () => world.changeClient(world.sts.clients.mail, change)

  const refused: readonly {
    what: string
    status: number
    given?: () => Promise<unknown>
    form?: () => Form
    headers?: () => Headers
    token?: (token: string) => string
  }[] = [
    { what: 'another client', status: 401, form: () => ({ client_id: world.sts.clients.confidential.clientId }) },
    {
      what: 'another client that proves itself',
      status: 400,
      form: () => ({}),
      headers: () => basic(world.sts.clients.confidential),
    },
    { what: 'an unknown client', status: 401, form: () => ({ client_id: 'nobody' }) },
    { what: 'no client', status: 400, form: () => ({ client_id: '' }) },
    { what: 'a secret of a client without one', status: 401, form: () => ({ ...publicly(), client_secret: 'x' }) },
    { what: 'a disabled account', status: 400, given: () => world.changeAccount(world.sts.mary, { status: 'disabled' }) },
    { what: 'a disabled client', status: 401, given: changeMail({ status: 'disabled' }) },
    { what: 'a client without the grant', status: 400, given: changeMail({ grantTypes: ['authorization_code'] }) },
    { what: 'a client that must bind its tokens', status: 400, given: changeMail({ dpopBoundAccessTokens: true }) },
    { what: 'a policy that blocks', status: 400, given: () => put({ access: 'block', when: { flow: ['refresh'] } }) },
    { what: 'a policy that asks for more', status: 400, given: () => put({ require: ['phishing-resistant'] }) },
    { what: 'a foreign resource', status: 400, form: () => ({ ...publicly(), resource: 'https://other.contoso.com/' }) },
    { what: 'a wider scope', status: 400, form: () => ({ ...publicly(), scope: `openid ${MAIL}SMTP.Send` }) },
    { what: 'a proof of a key', status: 400, headers: () => ({ dpop: 'a.b.c' }) },
    { what: 'a tampered token', status: 400, token: (token) => `${token.slice(0, -8)}AAAAAAAA` },
    { what: 'no token', status: 400, token: () => '' },
    { what: 'a handle alone', status: 400, token: (token) => String(claimsOf(token).jti) },
  ]
  it.each(refused)('$what', async ({ status, given, form = publicly, headers = () => ({}), token = (one: string) => one }) => {
    await given?.()
    const { short, long } = await askBoth({ short: token(pair.short), long: token(pair.long) }, form(), headers())
    expect([short.way, short.told.status]).toEqual(['long', status])
    expect(short.told).toEqual(long.told)
    expect(short.told.tokens).toEqual([undefined, undefined, undefined])
  })

  it('and uses nothing up', async () => {
    const { short, after } = await askBoth(pair, publicly())
    expect([short.way, short.told.status]).toEqual(['short', 200])
    pair = after
  })

  it('tokens of another kind', async () => {
    const { short: granted } = await askBoth(await twins(), publicly())
    const { access_token, id_token } = JSON.parse(granted.text) as Record<string, string>
    for (const other of [access_token, id_token]) {
      const { short, long } = await askBoth({ short: String(other), long: String(other) }, publicly())
      expect([short.way, short.told.status]).toEqual(['long', 400])
      expect(short.told).toEqual(long.told)
    }
  })

  it('fewer scopes than were granted', async () => {
    const { short, long } = await askBoth(await twins(), { ...publicly(), scope: `offline_access ${MAIL}EAS.AccessAsUser.All` })
    expect([short.way, short.told.status]).toEqual(['long', 200])
    expect(short.told).toEqual(long.told)
  })

  it('an account that was signed out everywhere meanwhile', async () => {
    const living = await twins()
    world.pass(1)
    await world.sts.kept.accounts.signOut(world.sts.mary.account.id, new Date())
    const { short, long } = await askBoth(living, publicly())
    expect([short.way, short.told.status]).toEqual(['long', 400])
    expect(short.told).toEqual(long.told)
    browser = await signedIn(world)
  })

  it('a token of before the database was put back, after which nothing counts that was shown before', async () => {
    const living = await twins()
    world.pass(1)
    await world.sts.kept.revocations.startAnew(new Date())
    const { short, long } = await askBoth(living, publicly())
    expect([short.way, short.told.status]).toEqual(['long', 400])
    expect(short.told).toEqual(long.told)
    browser = await signedIn(world)
    expect((await askBoth(await twins(), publicly())).short.way).toBe('short')
  })

  it("another realm's token, even where its app, person and key are there too", async () => {
    const { sts } = world
    const id = randomUUID() as string as RealmId // a brand has no runtime part
    await sts.store.realms.add({ ...sts.realm, id, domains: [`${id}.contoso.com`], createdAt: new Date() })
    const next = sts.store.realm(id)
    for (const key of await sts.kept.signingKeys.list(new Date())) await next.signingKeys.add(key)
    await next.resources.add(sts.resource)
    await next.accounts.add(sts.mary.account)
    const client = await sts.kept.clients.find(sts.clients.mail.clientId as ClientId) // as above
    if (client) await next.clients.add(client)
    const living = await twins()
    await watch(id)
    const { short, long } = await askBoth(living, publicly(), {}, `/../${id}${PATH}`)
    expect([short.way, short.told.status, JSON.parse(short.text).error]).toEqual(['long', 400, 'invalid_grant'])
    expect(short.told).toEqual(long.told)
    expect((await askBoth(living, publicly())).short.way).toBe('short')
  })

  it('a token whose family has lived as long as one may, however often it was used', async () => {
    await world.changeSettings({ refreshAbsoluteSeconds: 600 })
    const first = await twins()
    world.pass(400)
    const once = await askBoth(first, publicly())
    expect(once.short.way).toBe('short')
    expect(once.short.told).toEqual(once.long.told)
    world.pass(200)
    const { short, long } = await askBoth(once.after, publicly())
    expect([short.way, short.told.status]).toEqual(['long', 400])
    expect(short.told).toEqual(long.told)
  })

  it('a family that was ended', async () => {
    const ended = await twins()
    for (const token of Object.values(ended))
      await fetch(`${world.issuer}/oauth2/v2.0/revoke`, { method: 'POST', body: new URLSearchParams({ token, ...publicly() }) })
    const { short, long } = await askBoth(ended, publicly())
    expect([short.way, short.told.status]).toEqual(['long', 400])
    expect(short.told).toEqual(long.told)
  })

  it('the same request again, which gets the same answer, and another one, which gets none', async () => {
    const first = await twins()
    const once = await askBoth(first, publicly())
    const again = await askBoth(first, publicly())
    expect([again.short.way, again.short.text]).toEqual(['long', once.short.text])
    expect(again.long.text).toBe(once.long.text)
    expect(again.short.told).toEqual(again.long.told)
    const other = await askBoth(first, { ...publicly(), resource: MAIL })
    expect([other.short.way, other.short.told.status]).toEqual(['long', 400])
    expect(other.short.told).toEqual(other.long.told)
    expect((await askBoth(once.after, publicly())).short.way).toBe('short')
  })

  it('a token that was used long ago, which ends its family', async () => {
    const first = await twins()
    const once = await askBoth(first, publicly())
    world.pass(settings.refreshReplaySeconds + 1)
    const late = await askBoth(first, publicly())
    expect([late.short.way, late.short.told.status]).toEqual(['long', 400])
    expect(late.short.told).toEqual(late.long.told)
    expect(late.short.told.rows.map(({ event }) => event).sort()).toEqual(['refresh.reused', 'token.refused'])
    const { short } = await askBoth(once.after, publicly())
    expect([short.way, short.told.status]).toEqual(['long', 400])
  })

  it('a refresh at the very second at which the token ends, which is one too late', async () => {
    const idle = await twins()
    world.pass(settings.refreshIdleSeconds)
    const { short, long } = await askBoth(idle, publicly())
    expect([short.way, short.told.status]).toEqual(['long', 400])
    expect(short.told).toEqual(long.told)
    browser = await signedIn(world)
  })

  it('a token that was idle too long', async () => {
    const idle = await twins()
    world.pass(settings.refreshIdleSeconds + 1)
    const { short, long } = await askBoth(idle, publicly())
    expect([short.way, short.told.status]).toEqual(['long', 400])
    expect(short.told).toEqual(long.told)
    browser = await signedIn(world)
  })
})

it('of many who come with one token at once, one rotates it and all get its answer', async () => {
  const many = (token: string) => Promise.all(Array.from({ length: 8 }, () => refresh(world.token, publicly().client_id, token)))
  const pair = await twins()
  await many(pair.long) // and now as many connections are open
  const answers = await many(pair.short)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  const rows = await world.sts.kept.audit.list({ limit: 60 })
  const ours = rows.filter(({ detail }) => detail.familyId === claimsOf(pair.short).fam).map(({ event }) => event)
  expect(ours.filter((event) => event === 'refresh.replayed')).toHaveLength(7)
  expect(
    (await ask(PATH, { grant_type: 'refresh_token', ...publicly(), refresh_token: String(answers[0]?.body.refresh_token) }, {}))
      .way,
  ).toBe('short')
})
