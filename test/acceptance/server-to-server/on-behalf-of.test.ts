/** A mail server acts for somebody at another one, with the token that the person's own client brought (F 3.3, R70, R77). */
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { redeem } from '../../support/person-browser.ts'
import { authorization, mailTokens, programToken, signedIn, verdict, walk } from '../support/world.ts'
import { EAS, EWS, OBO, ONPREM, type Stage, startStage } from './on-behalf-of-stage.ts'

let stage: Stage
let mary: { access: string; refresh: string; body: Readonly<Record<string, unknown>> }

beforeAll(async () => {
  stage = await startStage()
  mary = await mailTokens(stage.world, await signedIn(stage.world))
})
beforeEach(() => stage.delegate(['EAS.AccessAsUser.All']))
afterEach(() => stage.removePolicies())
afterAll(() => stage.close())

test('a phone’s token for the cloud becomes one for the on-premises server, with the person, the sign-in and the actor in it', async () => {
  const rows = await stage.written(async () => {
    const answer = await stage.onBehalfOf(mary.access)
    expect(verdict(answer)).toBe('200 ok')
    expect(answer.body).toMatchObject({ token_type: 'Bearer', scope: EAS, expires_in: expect.any(Number) })
    expect(answer.body).not.toHaveProperty('id_token')
    const [first, second] = [decodeJwt(mary.access), decodeJwt(String(answer.body.access_token))]
    const { sub, oid, upn, acr, amr, auth_time, sid } = first
    expect(second).toMatchObject({ sub, oid, upn, acr, amr, auth_time, sid })
    expect(second).toMatchObject({
      aud: ONPREM,
      scp: 'EAS.AccessAsUser.All',
      appid: stage.cloud.clientId,
      appidacr: '2',
      client_id: stage.cloud.clientId,
      idtyp: 'user',
      act: { sub: stage.cloud.clientId },
    })
    expect(first).not.toHaveProperty('act')
    expect(second.grant_id).not.toBe(first.grant_id)
  })
  expect(rows).toMatchObject([
    {
      event: 'token.issued',
      accountId: stage.world.sts.mary.account.id,
      actor: stage.cloud.clientId,
      detail: { grantType: OBO, resource: ONPREM, refresh: true, scope: 'EAS.AccessAsUser.All' },
    },
  ])
})

test('the refresh token goes on acting, and introspection at the other server says for whom', async () => {
  let { refresh_token: refresh, access_token: access } = (await stage.onBehalfOf(mary.access)).body
  for (let round = 0; round < 2; round += 1) {
    stage.world.pass(60)
    const answer = await stage.ask({ grant_type: 'refresh_token', refresh_token: String(refresh) })
    expect(verdict(answer)).toBe('200 ok')
    ;({ refresh_token: refresh, access_token: access } = answer.body)
    expect(await stage.introspect(String(access))).toMatchObject({
      active: true,
      username: stage.world.sts.mary.upn,
      act: { sub: stage.cloud.clientId },
      acr: decodeJwt(mary.access).acr,
      amr: decodeJwt(mary.access).amr,
    })
  }
})

test('v1 clients name the resource alone, get strings and a refresh token, and the scopes spelled out', async () => {
  const answer = await stage.onBehalfOf(mary.access, { scope: undefined, resource: ONPREM }, '/oauth2/token')
  expect(answer.body).toMatchObject({ resource: ONPREM, expires_in: expect.any(String), refresh_token: expect.any(String) })
  expect(String(answer.body.scope).split(' ')).toContain(EAS)
})

test('what revoking ends, stays ended: the token is inactive and the family refreshes no more', async () => {
  const { access_token: access, refresh_token: refresh } = (await stage.onBehalfOf(mary.access)).body
  await stage.ask({ token: String(refresh) }, { path: '/oauth2/v2.0/revoke' })
  expect(await stage.introspect(String(access))).toEqual({ active: false })
  expect(verdict(await stage.ask({ grant_type: 'refresh_token', refresh_token: String(refresh) }))).toBe('400 invalid_grant')
})

test('a token for acting ends with the delegation, for whoever asks', async () => {
  const token = String((await stage.onBehalfOf(mary.access)).body.access_token)
  expect(await stage.introspect(token)).toMatchObject({ active: true })
  await stage.world.sts.kept.delegations.revoke(stage.cloud.clientId as never, stage.onPrem.id)
  expect(await stage.introspect(token)).toEqual({ active: false })
})

test('twenty at a time are answered alike', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => stage.onBehalfOf(mary.access)))
  expect(answers.map(verdict)).toEqual(Array.from({ length: 20 }, () => '200 ok'))
  expect(new Set(answers.map(({ body }) => decodeJwt(String(body.access_token)).jti)).size).toBe(20)
})

describe('scopes are cut down to what was delegated', () => {
  it.each<[string, string, readonly string[], string]>([
    ['of two that it has access to, the delegated one', `${EAS} ${EWS}`, ['EAS.AccessAsUser.All'], EAS],
    ['.default stands for the delegated ones alone', `${ONPREM}.default`, ['EWS.AccessAsUser.All'], EWS],
    ['a delegated one beyond its access is not given', `${EAS} ${ONPREM}Mail.Read`, ['Mail.Read', 'EAS.AccessAsUser.All'], EAS],
    ['MSAL’s usual companions ask for nothing here', `${EAS} openid profile`, ['EAS.AccessAsUser.All'], EAS],
  ])('%s', async (_name, scope, delegated, granted) => {
    await stage.delegate(delegated)
    const { body } = await stage.onBehalfOf(mary.access, { scope })
    expect(body.scope).toBe(granted)
    expect(decodeJwt(String(body.access_token)).scp).toBe(granted.slice(ONPREM.length))
    expect(body).not.toHaveProperty('refresh_token')
  })

  it('and with none left there is no token', async () => {
    expect(verdict(await stage.onBehalfOf(mary.access, { scope: EWS }))).toBe('400 invalid_scope')
  })
})

type Case = readonly [name: string, answer: string, reason: string, ask: () => Promise<unknown>]

describe('is refused, with the reason in the trail:', () => {
  const cases: readonly Case[] = [
    [
      'another use',
      '400 invalid_request',
      'use_unknown',
      () => stage.onBehalfOf(mary.access, { requested_token_use: 'logon_cert' }),
    ],
    [
      'a SAML assertion as answer',
      '400 invalid_request',
      'requested_type_unknown',
      () => stage.onBehalfOf(mary.access, { requested_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
    ],
    ['no assertion', '400 invalid_request', 'assertion_missing', () => stage.onBehalfOf('')],
    ['rubbish', '400 invalid_grant', 'subject_unreadable', () => stage.onBehalfOf('a.b.c')],
    ['a broken signature', '400 invalid_grant', 'subject_unreadable', () => stage.onBehalfOf(forged(mary.access))],
    ['a refresh token', '400 invalid_grant', 'subject_is_refresh_token', () => stage.onBehalfOf(mary.refresh)],
    ['an ID token', '400 invalid_grant', 'subject_is_id_token', () => stage.onBehalfOf(String(mary.body.id_token))],
    ['an actor token', '400 invalid_grant', 'subject_is_actor_token', async () => stage.onBehalfOf(await actorToken())],
    [
      'a program’s token',
      '400 invalid_grant',
      'subject_is_app_only',
      async () => stage.onBehalfOf(String((await programToken(stage.world)).body.access_token)),
    ],
    [
      'a token that is for somebody else already',
      '400 invalid_grant',
      'subject_is_delegated',
      async () => {
        await stage.delegate(['EAS.AccessAsUser.All'], { clientId: stage.onPremServer.clientId })
        const { body } = await stage.onBehalfOf(mary.access)
        return stage.ask(
          { grant_type: OBO, requested_token_use: 'on_behalf_of', assertion: String(body.access_token), scope: EAS },
          { as: stage.onPremServer },
        )
      },
    ],
    [
      'a token for another server',
      '400 invalid_grant',
      'subject_not_for_caller',
      () =>
        stage.ask(
          { grant_type: OBO, requested_token_use: 'on_behalf_of', assertion: mary.access, scope: EAS },
          { as: stage.onPremServer },
        ),
    ],
    ['no resource', '400 invalid_target', 'target_missing', () => stage.onBehalfOf(mary.access, { scope: 'offline_access' })],
    [
      'an unknown resource',
      '400 invalid_target',
      'target_unknown',
      () => stage.onBehalfOf(mary.access, { scope: undefined, resource: 'https://else.contoso.com/' }),
    ],
    [
      'a scope of an unknown resource',
      '400 invalid_target',
      'target_unknown',
      () => stage.onBehalfOf(mary.access, { scope: 'https://else.contoso.com/EAS.AccessAsUser.All' }),
    ],
    [
      'two resources',
      '400 invalid_target',
      'target_ambiguous',
      () => stage.onBehalfOf(mary.access, { scope: EAS, resource: 'https://mail.contoso.com/' }),
    ],
    [
      'a resource without delegation',
      '400 unauthorized_client',
      'delegation_missing',
      () => stage.onBehalfOf(mary.access, { scope: undefined, resource: 'https://mail.contoso.com/' }),
    ],
    ['no delegated scope', '400 invalid_scope', 'scope_empty', () => stage.onBehalfOf(mary.access, { scope: EWS })],
  ]
  it.each(cases)('%s', async (_name, answer, reason, ask) => {
    let got: unknown
    const rows = await stage.written(async () => {
      got = await ask()
    })
    expect(verdict(got as Parameters<typeof verdict>[0])).toBe(answer)
    const refused = rows.filter(({ event }) => event === 'token.refused')
    expect(refused).toMatchObject([{ detail: { grantType: OBO, error: answer.slice(4) } }])
    expect(String(refused[0]?.detail.reason)).toBe(reason)
    expect(refused[0]?.actor).toBe(refused[0]?.clientId)
    // Whose token it was is told wherever the token is a person's.
    if (/^subject_is_delegated|^subject_not_for|^target|^delegation|^scope/.test(reason))
      expect(refused[0]?.accountId).toBe(stage.world.sts.mary.account.id)
  })

  it('a token bound to a key is neither taken nor made', async () => {
    const headers = { DPoP: 'a.b.c' }
    const form = { grant_type: OBO, requested_token_use: 'on_behalf_of', assertion: mary.access, scope: EAS }
    const rows = await stage.written(async () => {
      expect(verdict(await stage.ask(form, { headers }))).toBe('400 invalid_request')
    })
    expect(rows).toMatchObject([{ detail: { reason: 'token_bound_to_key' } }])
  })

  it('a client that proves nothing, and one that is not registered for it', async () => {
    const { mail, confidential } = stage.world.sts.clients
    const form = { grant_type: OBO, requested_token_use: 'on_behalf_of', assertion: mary.access, scope: EAS }
    expect(verdict(await stage.ask({ ...form, client_id: mail.clientId }, { as: mail }))).toBe('400 invalid_request')
    await stage.world.changeClient(mail, { grantTypes: ['authorization_code', 'refresh_token', OBO] })
    const rows = await stage.written(async () => {
      expect(verdict(await stage.ask({ ...form, client_id: mail.clientId }, { as: mail }))).toBe('400 unauthorized_client')
    })
    expect(rows).toMatchObject([{ detail: { reason: 'client_is_public' } }])
    const secret = { client_id: confidential.clientId, client_secret: 'wrong' }
    expect(verdict(await stage.ask({ ...form, ...secret }, { as: mail }))).toBe('401 invalid_client')
  })

  it('a person in an excepted group, whatever its letter case', async () => {
    await stage.delegate(['EAS.AccessAsUser.All'], { exceptGroups: ['Administrators'] })
    await stage.world.changeAccount(stage.world.sts.mary, { groups: ['ADMINISTRATORS'] })
    const rows = await stage.written(async () => {
      expect(verdict(await stage.onBehalfOf(mary.access))).toBe('400 invalid_grant')
    })
    expect(rows).toMatchObject([{ accountId: stage.world.sts.mary.account.id, detail: { reason: 'group_excepted' } }])
    await stage.world.changeAccount(stage.world.sts.mary, { groups: [] })
  })

  it('a policy that blocks', async () => {
    await stage.putPolicy({ access: 'block', when: { flow: ['exchange'] } })
    const rows = await stage.written(async () => {
      expect(verdict(await stage.onBehalfOf(mary.access))).toBe('400 invalid_grant')
    })
    expect(rows).toMatchObject([{ actor: stage.cloud.clientId, detail: { reason: 'policy_blocks' } }])
  })

  it('a policy that wants more, which the client is told how to get', async () => {
    await stage.putPolicy({ require: ['phishing-resistant'], when: { resource: [ONPREM] } })
    const rows = await stage.written(async () => {
      const answer = await stage.onBehalfOf(mary.access)
      expect(verdict(answer)).toBe('400 interaction_required')
      expect(JSON.parse(String(answer.body.claims))).toEqual({
        access_token: { acrs: { essential: true, value: 'urn:postern:acr:phishing-resistant' } },
      })
    })
    expect(rows).toMatchObject([{ accountId: stage.world.sts.mary.account.id, detail: { reason: 'policy_requires_more' } }])
  })
})

test('the challenge leads the person through one more step, and then the server may act', async () => {
  const { world } = stage
  const browser = await signedIn(world)
  const weak = await mailTokens(world, browser)
  await stage.putPolicy({ require: ['second-factor'], when: { resource: [ONPREM] } })
  const refused = await stage.onBehalfOf(weak.access)
  expect(verdict(refused)).toBe('400 interaction_required')
  const asked = authorization(world, { change: { claims: String(refused.body.claims) } })
  const page = await walk(world, browser, await browser.open(asked.url))
  const strong = await redeem(world.token, { ...asked, code: page.left?.searchParams.get('code') ?? '' })
  expect(verdict(await stage.onBehalfOf(String(strong.body.access_token)))).toBe('200 ok')
})

describe('nothing comes of a token whose ground is gone:', () => {
  it('expired', async () => {
    const { access } = await mailTokens(stage.world, await signedIn(stage.world))
    stage.world.pass(2 * 3600)
    expect(await reasonOf(() => stage.onBehalfOf(access))).toBe('subject_expired')
    mary = await mailTokens(stage.world, await signedIn(stage.world))
  })

  it('its family was revoked', async () => {
    const { access, refresh } = await mailTokens(stage.world, await signedIn(stage.world))
    await stage.ask(
      { token: refresh, client_id: stage.world.sts.clients.mail.clientId },
      { as: stage.world.sts.clients.mail, path: '/oauth2/v2.0/revoke' },
    )
    expect(await reasonOf(() => stage.onBehalfOf(access))).toBe('subject_family_ended')
  })

  it('it was withdrawn itself', async () => {
    const { access } = await mailTokens(stage.world, await signedIn(stage.world))
    await stage.ask(
      { token: access, client_id: stage.world.sts.clients.mail.clientId },
      { as: stage.world.sts.clients.mail, path: '/oauth2/v2.0/revoke' },
    )
    expect(await reasonOf(() => stage.onBehalfOf(access))).toBe('subject_withdrawn')
  })

  it('its client was disabled', async () => {
    await stage.world.changeClient(stage.world.sts.clients.mail, { status: 'disabled' })
    expect(await reasonOf(() => stage.onBehalfOf(mary.access))).toBe('subject_client_disabled')
    await stage.world.changeClient(stage.world.sts.clients.mail, { status: 'active' })
  })

  it('the acting client was disabled', async () => {
    await stage.world.changeClient({ ...stage.cloud, redirectUri: '' }, { status: 'disabled' })
    expect(verdict(await stage.onBehalfOf(mary.access))).toBe('401 invalid_client')
    await stage.world.changeClient({ ...stage.cloud, redirectUri: '' }, { status: 'active' })
  })

  it('the account was disabled', async () => {
    await stage.world.changeAccount(stage.world.sts.mary, { status: 'disabled' })
    expect(await reasonOf(() => stage.onBehalfOf(mary.access))).toBe('account_disabled')
    await stage.world.changeAccount(stage.world.sts.mary, { status: 'active' })
  })

  it('the person signed out everywhere', async () => {
    const { access } = await mailTokens(stage.world, await signedIn(stage.world))
    await stage.world.sts.kept.accounts.signOut(stage.world.sts.mary.account.id, new Date())
    expect(await reasonOf(() => stage.onBehalfOf(access))).toBe('signed_out_since')
  })
})

async function reasonOf(ask: () => Promise<Parameters<typeof verdict>[0]>): Promise<unknown> {
  const rows = await stage.written(async () => expect(verdict(await ask())).toBe('400 invalid_grant'))
  return rows.find(({ event }) => event === 'token.refused')?.detail.reason
}

/** The last letter of a signature says less than its place could hold; so one in the middle is changed. */
function forged(token: string): string {
  const at = token.lastIndexOf('.') + 10
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
}

async function actorToken(): Promise<string> {
  const { sts } = stage.world
  const own = `00000001-0000-0000-c000-000000000000/${new URL(sts.baseUrl).host}@${sts.realm.id}`
  const answer = await stage.ask(
    {
      grant_type: OBO,
      assertion: stage.cloud.assertion(own),
      resource: own,
      client_assertion: undefined,
      client_assertion_type: undefined,
    },
    { path: '/tokens/OAuth/2' },
  )
  return String(answer.body.access_token)
}
