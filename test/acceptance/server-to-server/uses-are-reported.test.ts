import { randomUUID } from 'node:crypto'
import { startSts, type TestPrincipal, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let sts: TestSts
let reporter: TestPrincipal
let own: string

beforeAll(async () => {
  sts = await startSts()
  reporter = await sts.addPrincipal()
  own = `00000001-0000-0000-c000-000000000000/${new URL(sts.baseUrl).host}@${sts.realm.id}`
})
afterAll(() => sts.close())

const report = (body: unknown, assertion = reporter.assertion(own)) =>
  fetch(`${sts.issuer}/tokens/uses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${assertion}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const use = (change: Record<string, unknown> = {}) => ({
  at: new Date().toISOString(),
  outcome: 'allowed',
  form: 'signed',
  actor: `${randomUUID()}@${sts.realm.id}`,
  user: 'mary@contoso.com',
  realm: sts.realm.id,
  jti: randomUUID(),
  audience: `${reporter.clientId}/mail.contoso.com@${sts.realm.id}`,
  ...change,
})

const rows = async (event: string) => sts.kept.audit.list({ limit: 1000, event })

test('uses that are reported stand in the trail with actor, user, realm and number', async () => {
  const allowed = use({ user: 'Mary@contoso.com' })
  const refused = use({ outcome: 'refused', reason: 'user_unknown', user: 'nobody@contoso.com' })
  expect((await report({ uses: [allowed, refused] })).status).toBe(204)
  expect(await rows('actor_token.used')).toMatchObject([
    {
      accountId: sts.mary.account.id,
      clientId: allowed.actor.split('@')[0],
      actor: allowed.actor.split('@')[0],
      detail: {
        jti: allowed.jti,
        user: 'Mary@contoso.com',
        realm: sts.realm.id,
        resource: allowed.audience,
        reporter: reporter.clientId,
      },
    },
  ])
  expect(await rows('actor_token.use_refused')).toMatchObject([
    { outcome: 'refused', detail: { jti: refused.jti, reason: 'user_unknown' } },
  ])
})

test.each([
  [
    'a use of a token for another server',
    () => ({ uses: [use(), use({ audience: `${randomUUID()}/mail.contoso.com@x` })] }),
    400,
  ],
  ['an unknown member', () => ({ uses: [use({ password: 'x' })] }), 400],
  ['a number that looks like a token', () => ({ uses: [use({ jti: 'eyJhbGciOiJI.eyJpc3M' })] }), 400],
  ['no use at all', () => ({ uses: [] }), 400],
  ['too many', () => ({ uses: Array.from({ length: 101 }, () => use()) }), 400],
  ['no JSON', () => '{', 400],
])('%s is refused, and nothing of the report is kept', async (_, body, status) => {
  const before = (await rows('actor_token.used')).length
  const response = await report(body())
  expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([status, 'invalid_request'])
  expect(await rows('actor_token.used')).toHaveLength(before)
})

test('whoever cannot prove to be a server reports nothing', async () => {
  const stranger = reporter.assertion(own, { aud: own.replace(sts.realm.id, randomUUID()) })
  for (const assertion of ['', 'x', stranger]) expect((await report({ uses: [use()] }, assertion)).status).toBe(401)
  const unnumbered = await report({ uses: [use()] }, reporter.assertion(own, { jti: undefined }))
  expect(unnumbered.status).toBe(400)
})

test('a report that comes twice is in the trail once', async () => {
  const assertion = reporter.assertion(own)
  const said = use()
  const statuses = (await Promise.all([1, 2, 3].map(() => report({ uses: [said] }, assertion)))).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([204, 401, 401])
  expect((await rows('actor_token.used')).filter(({ detail }) => detail.jti === said.jti)).toHaveLength(1)
})
