/** A plain request of a program goes the short way; a parameter that nobody knows sends the same request the long way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, type TokenAnswer } from '../../support/person-browser.ts'
import { basic, claimsOf, headerOf, MAIL, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

type Form = Readonly<Record<string, string>>
/** RFC 6749 section 3.2: what a server does not know, it ignores. */
const elsewhere = { unknown_to_everybody: '1' }
const passing = new Set(['jti'])

const without = (record: Readonly<Record<string, unknown>>, names: ReadonlySet<string>) =>
  Object.entries(record).filter(([name]) => !names.has(name))

/** Everything that a client can see, but for what differs between any two answers. Order counts. */
function seen(response: Response, text: string) {
  const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} // tokens are objects
  const { access_token: token } = body
  return {
    status: response.status,
    headers: [...response.headers].filter(([name]) => name !== 'date'),
    body: without(body, new Set(['access_token'])),
    members: Object.keys(body),
    ...(typeof token !== 'string' || !token.includes('.')
      ? {}
      : {
          header: Object.entries(headerOf(token)),
          claims: without(claimsOf(token), passing),
          names: Object.keys(claimsOf(token)),
          jti: String(claimsOf(token).jti).length,
        }),
  }
}

async function ask(path: string, form: Form, headers: Record<string, string>) {
  const before = new Set((await world.sts.kept.audit.list({ limit: 10_000 })).map(({ id }) => id))
  const response = await fetch(`${world.issuer}${path}`, { method: 'POST', body: new URLSearchParams(form), headers })
  const answer = seen(response, await response.text())
  const rows = (await world.sts.kept.audit.list({ limit: 10_000 })).filter(({ id }) => !before.has(id))
  return {
    ...answer,
    rows: rows.map(({ event, outcome, clientId, detail }) => ({ event, outcome, clientId, detail: without(detail, passing) })),
  }
}

const header = () => basic(world.sts.clients.confidential)
const cases: readonly { what: string; form: Form; headers?: () => Record<string, string> }[] = [
  { what: 'one scope by its whole name', form: { scope: `${MAIL}Mail.Read` } },
  { what: 'a short scope', form: { scope: 'Mail.Read' } },
  {
    what: 'two spellings of one scope, and one twice',
    form: { scope: `${MAIL}Mail.Read ${MAIL}/Mail.Read Mail.Read Mail.Read` },
  },
  { what: '.default', form: { scope: `${MAIL}.default` } },
  { what: 'a resource', form: { resource: MAIL } },
  { what: 'a resource under its name without a slash', form: { resource: MAIL.slice(0, -1) } },
  { what: 'a resource and a scope', form: { resource: MAIL, scope: 'Mail.Read SMTP.Send' } },
  { what: 'a resource and a scope that nobody knows', form: { resource: MAIL, scope: 'Mail.Read made.up' } },
  { what: 'a resource and only scopes that nobody knows', form: { resource: MAIL, scope: 'made.up' } },
  { what: 'scopes of a person', form: { scope: `openid offline_access ${MAIL}Mail.Read` } },
  { what: 'no scope and no resource', form: {} },
  { what: 'an empty scope', form: { scope: '', resource: MAIL } },
  { what: 'two blanks', form: { scope: 'Mail.Read  SMTP.Send' } },
  { what: 'a scope that the client may not have', form: { scope: `${MAIL}full_access_as_app` } },
  { what: 'a resource that is none', form: { resource: 'urn:nobody', scope: 'Mail.Read' } },
  { what: 'a resource that is no URI', form: { resource: 'mail', scope: 'Mail.Read' } },
  {
    what: 'a wrong secret',
    form: { scope: 'Mail.Read' },
    headers: () => basic({ ...world.sts.clients.confidential, clientSecret: 'wrong' }),
  },
  {
    what: 'an unknown client',
    form: { scope: 'Mail.Read' },
    headers: () => basic({ ...world.sts.clients.confidential, clientId: 'nobody' }),
  },
  { what: 'its id a second time', form: { scope: 'Mail.Read', client_id: 'somebody-else' } },
  {
    what: 'a secret in the form of a client that sends it in the header',
    form: { scope: 'Mail.Read', client_secret: 'x', client_id: 'x' },
    headers: () => ({}),
  },
  { what: 'no credential', form: { scope: 'Mail.Read' }, headers: () => ({}) },
  { what: 'an origin', form: { scope: 'Mail.Read' }, headers: () => ({ ...header(), origin: 'https://elsewhere.example' }) },
]

describe.each(['/oauth2/v2.0/token', '/oauth2/token', '/tokens/OAuth/2'])(
  'at %s the answer and the trail are the same either way',
  (path) => {
    it.each(cases)('for $what', async ({ form, headers = header }) => {
      const asked = { grant_type: 'client_credentials', ...form }
      const short = await ask(path, asked, headers())
      expect(short).toEqual(await ask(path, { ...asked, ...elsewhere }, headers()))
    })
  },
)

describe('a client that sends its secret in the form', () => {
  it('is answered the same either way, and its secret counts nowhere else', async () => {
    const client = world.sts.clients.confidential
    await world.changeClient(client, { authenticationMethod: 'client_secret_post' })
    const form = {
      grant_type: 'client_credentials',
      scope: 'Mail.Read',
      client_id: client.clientId,
      client_secret: client.clientSecret ?? '',
    }
    const path = '/oauth2/v2.0/token'
    expect(await ask(path, form, {})).toEqual(await ask(path, { ...form, ...elsewhere }, {}))
    const { client_id: _id, client_secret: _secret, ...bare } = form
    const refused: TokenAnswer = await askToken(world.token, bare, header())
    expect(refused.status).toBe(401)
    await world.changeClient(client, { authenticationMethod: 'client_secret_basic' })
  })

  it('is nobody once it proves itself by a key, though its secret was left', async () => {
    const client = world.sts.clients.confidential
    await world.changeClient(client, { authenticationMethod: 'private_key_jwt' })
    const form = {
      grant_type: 'client_credentials',
      scope: 'Mail.Read',
      client_id: client.clientId,
      client_secret: client.clientSecret ?? '',
    }
    expect((await askToken(world.token, form)).status).toBe(401)
    await world.changeClient(client, { authenticationMethod: 'client_secret_basic' })
  })

  it('gets nothing once it is disabled, or may not use the grant, or must bind its tokens to a key', async () => {
    const client = world.sts.clients.confidential
    const form = { grant_type: 'client_credentials', scope: 'Mail.Read' }
    const given = await world.sts.kept.clients.find(client.clientId as never) // a brand has no runtime part
    const statuses: number[] = []
    for (const change of [
      { status: 'disabled' },
      { grantTypes: ['authorization_code'] },
      { dpopBoundAccessTokens: true },
    ] as const) {
      await world.changeClient(client, change)
      statuses.push((await askToken(world.token, form, header())).status)
      await world.changeClient(client, given ?? {})
    }
    expect(statuses).toEqual([401, 400, 400])
    expect((await askToken(world.token, form, header())).status).toBe(200)
  })
})
