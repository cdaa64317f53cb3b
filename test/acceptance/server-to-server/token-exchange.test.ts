/** Token exchange for delegation (RFC 8693, R77): every parameter is looked at, and none is dropped unseen (CVE-2026-9704). */
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { mailTokens, programToken, signedIn, verdict } from '../support/world.ts'
import { ACCESS_TOKEN, EAS, EWS, EXCHANGE, JWT, ONPREM, type Stage, startStage } from './on-behalf-of-stage.ts'

let stage: Stage
let mary: { access: string; refresh: string; body: Readonly<Record<string, unknown>> }

beforeAll(async () => {
  stage = await startStage()
  mary = await mailTokens(stage.world, await signedIn(stage.world))
})
beforeEach(() => stage.delegate(['EAS.AccessAsUser.All']))
afterEach(() => stage.removePolicies())
afterAll(() => stage.close())

test('the answer is as RFC 8693 section 2.2.1 has it, with the actor in the token and no refresh token', async () => {
  const rows = await stage.written(async () => {
    const answer = await stage.exchange(mary.access, { scope: `${EAS} offline_access` })
    expect(verdict(answer)).toBe('200 ok')
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: EAS,
    })
    const { sub, acr, amr, auth_time, sid } = decodeJwt(mary.access)
    const claims = decodeJwt(String(answer.body.access_token))
    expect(claims).toMatchObject({ sub, acr, amr, auth_time, sid, aud: ONPREM, act: { sub: stage.cloud.clientId } })
    expect(await stage.introspect(String(answer.body.access_token))).toMatchObject({ active: true, act: claims.act })
  })
  expect(rows).toMatchObject([
    {
      event: 'token.issued',
      accountId: stage.world.sts.mary.account.id,
      actor: stage.cloud.clientId,
      detail: { grantType: EXCHANGE, resource: ONPREM, refresh: false },
    },
  ])
})

test('the new token ends with the one that was handed in, even where the resource would give it longer', async () => {
  const fresh = await mailTokens(stage.world, await signedIn(stage.world))
  stage.world.pass(600)
  const { body } = await stage.exchange(fresh.access)
  expect(decodeJwt(String(body.access_token)).exp).toBe(decodeJwt(fresh.access).exp)
  expect(body.expires_in).toBe(Number(decodeJwt(fresh.access).exp) - Math.floor(Date.now() / 1000))
  mary = fresh
})

test.each<[string, Record<string, string | undefined>]>([
  ['by its audience in `audience`', { resource: undefined, audience: ONPREM }],
  ['by resource and audience that agree', { audience: ONPREM }],
  ['by the scope alone', { resource: undefined }],
  ['by the type of the token in general', { subject_token_type: JWT }],
  ['with the type of the answer said', { requested_token_type: ACCESS_TOKEN }],
])('the request may be made %s', async (_name, change) => {
  expect(verdict(await stage.exchange(mary.access, change))).toBe('200 ok')
})

test('the server may say once more who it is, by an actor token for this service', async () => {
  const actor = { actor_token: await actorToken(stage.cloud), actor_token_type: JWT }
  const { body } = await stage.exchange(mary.access, actor)
  expect(decodeJwt(String(body.access_token)).act).toEqual({ sub: stage.cloud.clientId })
})

test('twenty at a time are answered alike', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => stage.exchange(mary.access)))
  expect(answers.map(verdict)).toEqual(Array.from({ length: 20 }, () => '200 ok'))
})

type Case = readonly [name: string, answer: string, reason: string, ask: () => ReturnType<Stage['exchange']>]

describe('is refused, with the reason in the trail, and never with a token for the client itself:', () => {
  const none = { subject_token: undefined }
  const cases: readonly Case[] = [
    ['no subject token', '400 invalid_request', 'subject_missing', () => stage.exchange('', none)],
    ['an empty subject token', '400 invalid_request', 'subject_missing', () => stage.exchange('')],
    ['no type', '400 invalid_request', 'subject_missing', () => stage.exchange(mary.access, { subject_token_type: undefined })],
    [
      'an unknown type',
      '400 invalid_request',
      'subject_type_unknown',
      () => stage.exchange(mary.access, { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
    ],
    [
      'an ID token by its own type',
      '400 invalid_request',
      'subject_type_unknown',
      () => stage.exchange(String(mary.body.id_token), { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }),
    ],
    ['an ID token by another', '400 invalid_request', 'subject_is_id_token', () => stage.exchange(String(mary.body.id_token))],
    ['a refresh token', '400 invalid_request', 'subject_is_refresh_token', () => stage.exchange(mary.refresh)],
    ['rubbish', '400 invalid_request', 'subject_unreadable', () => stage.exchange('rubbish')],
    [
      'a program’s token',
      '400 invalid_request',
      'subject_is_app_only',
      async () => stage.exchange(String((await programToken(stage.world)).body.access_token)),
    ],
    [
      'an actor token',
      '400 invalid_request',
      'subject_is_actor_token',
      async () => stage.exchange(await actorToken(stage.cloud)),
    ],
    [
      'another token as answer',
      '400 invalid_request',
      'requested_type_unknown',
      () => stage.exchange(mary.access, { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
    ],
    [
      'resource and audience that contradict',
      '400 invalid_target',
      'target_ambiguous',
      () => stage.exchange(mary.access, { audience: 'https://mail.contoso.com/' }),
    ],
    [
      'an unknown audience',
      '400 invalid_target',
      'target_unknown',
      () => stage.exchange(mary.access, { resource: undefined, audience: 'https://else.contoso.com/' }),
    ],
    [
      'an actor token without type',
      '400 invalid_request',
      'actor_incomplete',
      async () => stage.exchange(mary.access, { actor_token: await actorToken(stage.cloud) }),
    ],
    [
      'a type without actor token',
      '400 invalid_request',
      'actor_incomplete',
      () => stage.exchange(mary.access, { actor_token_type: JWT }),
    ],
    [
      'an actor token of another type',
      '400 invalid_request',
      'actor_type_unknown',
      () => stage.exchange(mary.access, { actor_token: mary.access, actor_token_type: ACCESS_TOKEN }),
    ],
    [
      'an actor token that is none',
      '400 invalid_request',
      'actor_not_accepted',
      () => stage.exchange(mary.access, { actor_token: mary.access, actor_token_type: JWT }),
    ],
    [
      'an actor token of another server',
      '400 invalid_request',
      'actor_not_accepted',
      async () => stage.exchange(mary.access, { actor_token: await actorToken(stage.onPremServer), actor_token_type: JWT }),
    ],
    [
      'an actor token for another server',
      '400 invalid_request',
      'actor_not_accepted',
      async () =>
        stage.exchange(mary.access, {
          actor_token: await actorToken(
            stage.cloud,
            `${stage.onPremServer.clientId}/onprem.contoso.com@${stage.world.sts.realm.id}`,
          ),
          actor_token_type: JWT,
        }),
    ],
    [
      'a resource without delegation',
      '400 unauthorized_client',
      'delegation_missing',
      () => stage.exchange(mary.access, { resource: 'https://mail.contoso.com/', scope: undefined }),
    ],
    ['no delegated scope', '400 invalid_scope', 'scope_empty', () => stage.exchange(mary.access, { scope: EWS })],
    [
      'policy that wants more',
      '400 invalid_request',
      'policy_requires_more',
      async () => {
        await stage.putPolicy({ require: ['phishing-resistant'], when: { flow: ['exchange'] } })
        return stage.exchange(mary.access)
      },
    ],
  ]
  it.each(cases)('%s', async (_name, answer, reason, ask) => {
    let got: Awaited<ReturnType<typeof ask>> | undefined
    const rows = await stage.written(async () => {
      got = await ask()
    })
    expect(got && verdict(got)).toBe(answer)
    expect(got?.body).not.toHaveProperty('access_token')
    const refused = rows.filter(({ event }) => event === 'token.refused')
    expect(refused).toMatchObject([{ actor: stage.cloud.clientId, detail: { grantType: EXCHANGE, reason } }])
  })

  it('two resources', async () => {
    const body = new URLSearchParams({ grant_type: EXCHANGE, subject_token: mary.access, subject_token_type: ACCESS_TOKEN })
    for (const one of [ONPREM, 'https://mail.contoso.com/']) body.append('resource', one)
    const { confidential } = stage.world.sts.clients
    await stage.world.changeClient(confidential, { grantTypes: ['client_credentials', EXCHANGE] })
    await stage.world.sts.kept.resources.replace({ ...stage.world.sts.resource, principalId: confidential.clientId })
    const answer = await fetch(stage.world.token, {
      method: 'POST',
      body,
      headers: {
        authorization: `Basic ${Buffer.from(`${confidential.clientId}:${confidential.clientSecret}`).toString('base64')}`,
      },
    })
    expect(await answer.json()).toMatchObject({ error: 'invalid_target' })
    await stage.world.sts.kept.resources.replace({ ...stage.world.sts.resource, principalId: stage.cloud.clientId })
  })

  it('a client that is not registered for it', async () => {
    await stage.world.changeClient({ ...stage.cloud, redirectUri: '' }, { grantTypes: ['client_credentials'] })
    expect(verdict(await stage.exchange(mary.access))).toBe('400 invalid_request')
    await stage.world.changeClient({ ...stage.cloud, redirectUri: '' }, { grantTypes: ['client_credentials', EXCHANGE] })
  })

  it('a withdrawn actor token', async () => {
    const token = await actorToken(stage.onPremServer)
    await stage.delegate(['EAS.AccessAsUser.All'], { clientId: stage.onPremServer.clientId })
    stage.world.pass(5)
    await stage.world.sts.kept.partners.withdrawTokens(stage.onPremServer.clientId as never, new Date())
    const rows = await stage.written(() =>
      stage.ask(
        {
          grant_type: EXCHANGE,
          subject_token: mary.access,
          subject_token_type: ACCESS_TOKEN,
          actor_token: token,
          actor_token_type: JWT,
        },
        { as: stage.onPremServer },
      ),
    )
    expect(rows).toMatchObject([{ event: 'token.refused', detail: { reason: 'actor_not_accepted' } }])
  })
})

async function actorToken(as: Stage['cloud'], resource?: string): Promise<string> {
  const { sts } = stage.world
  const own = `00000001-0000-0000-c000-000000000000/${new URL(sts.baseUrl).host}@${sts.realm.id}`
  const form = {
    grant_type: 'http://oauth.net/grant_type/jwt/1.0/bearer',
    assertion: as.assertion(own),
    resource: resource ?? own,
  }
  const answer = await stage.ask({ ...form, client_assertion: undefined, client_assertion_type: undefined })
  if (answer.status !== 200) throw new TypeError(`no actor token but ${answer.text}`)
  return String(answer.body.access_token)
}
