import { startSts, type TestPrincipal, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

const SCOPES = ['EWS.AccessAsUser.All']

let sts: TestSts
let partner: TestPrincipal
let own: string

beforeAll(async () => {
  sts = await startSts()
  own = `00000001-0000-0000-c000-000000000000/${new URL(sts.baseUrl).host}@${sts.realm.id}`
})
beforeEach(async () => {
  partner = await sts.addPrincipal({ delegations: [{ resourceId: sts.resource.id, scopes: SCOPES }] })
})
afterAll(() => sts.close())

async function actorToken(): Promise<string> {
  const form = {
    grant_type: 'http://oauth.net/grant_type/jwt/1.0/bearer',
    assertion: partner.assertion(own),
    resource: `${sts.resource.principalId}/mail.contoso.com@${sts.realm.id}`,
  }
  const response = await fetch(`${sts.issuer}/tokens/OAuth/2`, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token: token, error } = (await response.json()) as { access_token?: string; error?: string }
  return token ?? error ?? ''
}

async function introspect(token: string, { clientId, clientSecret } = sts.clients.server): Promise<Record<string, unknown>> {
  const response = await fetch(`${sts.issuer}/oauth2/v2.0/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  })
  return (await response.json()) as Record<string, unknown>
}

test('the resource that an actor token is for may ask whether it still holds', async () => {
  expect(await introspect(await actorToken())).toMatchObject({
    active: true,
    nameid: `${partner.clientId}@${sts.realm.id}`,
    client_id: partner.clientId,
    trustedfordelegation: 'true',
  })
})

test('nobody else may', async () => {
  expect(await introspect(await actorToken(), sts.clients.confidential)).toEqual({ active: false })
})

test('an assertion is no actor token, and one that was tampered with is none either', async () => {
  const token = await actorToken()
  const tampered = `${token.slice(0, -8)}AAAAAAAA`
  for (const one of [partner.assertion(own), tampered]) expect(await introspect(one)).toEqual({ active: false })
})

const withdrawals: readonly (readonly [what: string, withdraw: () => Promise<unknown>, next: string])[] = [
  [
    'the partner is disabled',
    async () => {
      const client = await sts.kept.clients.find(partner.clientId as never)
      if (client) await sts.kept.clients.replace({ ...client, status: 'disabled' })
    },
    'invalid_client',
  ],
  [
    'its certificate is removed and what it got is withdrawn',
    async () => {
      for (const { id } of await sts.kept.clients.credentials(partner.clientId as never))
        await sts.kept.clients.removeCredential(partner.clientId as never, id)
      await sts.kept.partners.withdrawTokens(partner.clientId as never, new Date(Date.now() + 1000))
    },
    'invalid_client',
  ],
  [
    'it may not ask for that resource any more',
    async () => {
      const client = await sts.kept.clients.find(partner.clientId as never)
      if (client) await sts.kept.clients.replace({ ...client, access: [] })
    },
    'invalid_resource',
  ],
]

test.each(withdrawals)('when %s, its tokens end at the next question, and it gets no other', async (_, withdraw, next) => {
  const token = await actorToken()
  expect(await introspect(token)).toMatchObject({ active: true })
  await withdraw()
  expect(await introspect(token)).toEqual({ active: false })
  expect(await actorToken()).toBe(next)
})

test('when the delegation ends, tokens that speak of it end; the next one does not speak of it', async () => {
  const token = await actorToken()
  await sts.kept.delegations.revoke(partner.clientId as never, sts.resource.id)
  expect(await introspect(token)).toEqual({ active: false })
  const next = await introspect(await actorToken())
  expect(next).toMatchObject({ active: true })
  expect(next).not.toHaveProperty('trustedfordelegation')
})

test('a token ends with its certificate even where nobody said that it is withdrawn', async () => {
  const token = await actorToken()
  for (const { id } of await sts.kept.clients.credentials(partner.clientId as never))
    await sts.kept.clients.removeCredential(partner.clientId as never, id)
  expect(await introspect(token)).toEqual({ active: false })
})

test('a client that is removed and added again under its id does not bring its tokens back', async () => {
  const token = await actorToken()
  const { clientId } = partner
  await sts.kept.clients.remove(clientId as never)
  partner = await sts.addPrincipal({ clientId, delegations: [{ resourceId: sts.resource.id, scopes: SCOPES }] })
  expect(await introspect(token)).toEqual({ active: false })
  expect(await introspect(await actorToken())).toMatchObject({ active: true })
})
