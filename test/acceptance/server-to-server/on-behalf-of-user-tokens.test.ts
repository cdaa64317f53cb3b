/**
 * A server names a person by a user token around its own actor token (F 1.8) and gets a token that the service signed. The rules
 * of F 1.10 bind it, nothing was shown by the person, and a token that nobody signed needs the dangerous switch and TLS (R73).
 */
import { randomUUID } from 'node:crypto'
import type { TestPrincipal } from '@postern/sts/testing'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { verdict } from '../support/world.ts'
import { EAS, OBO, ONPREM, type Row, type Stage, startStage } from './on-behalf-of-stage.ts'

const STS = '00000001-0000-0000-c000-000000000000'
type Claims = Readonly<Record<string, unknown>>

let stage: Stage
let own: string
let actor: string

async function actorToken(as: TestPrincipal, resource = own): Promise<string> {
  const form = { grant_type: 'http://oauth.net/grant_type/jwt/1.0/bearer', assertion: as.assertion(own), resource }
  const answer = await stage.ask({ ...form, client_assertion: undefined, client_assertion_type: undefined })
  if (answer.status !== 200) throw new TypeError(`no actor token but ${answer.text}`)
  return String(answer.body.access_token)
}

function claims(change: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1000)
  return {
    aud: own,
    iss: `${stage.cloud.clientId}@${stage.world.sts.realm.id}`,
    nii: 'urn:office:idp:activedirectory',
    upn: stage.world.sts.mary.upn,
    smtp: stage.world.sts.mary.upn,
    nbf: String(now),
    exp: String(now + 300),
    jti: randomUUID(),
    actortoken: actor,
    ...change,
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const unsigned = (change: Claims = {}) => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims(change))}.`

async function start(options: Parameters<typeof startStage>[0] = {}): Promise<void> {
  stage = await startStage(options)
  const { sts } = stage.world
  own = `${STS}/${new URL(sts.baseUrl).host}@${sts.realm.id}`
  await stage.delegate(['EAS.AccessAsUser.All'])
  actor = await actorToken(stage.cloud)
}

const switchUnsigned = (on: boolean) =>
  stage.world.sts.kept.partners.put({ clientId: stage.cloud.clientId as never, acceptsUnsignedUserTokens: on })

async function refusalOf(token: () => Promise<string> | string): Promise<Row | undefined> {
  const rows = await stage.written(async () => expect(verdict(await stage.onBehalfOf(await token()))).toBe('400 invalid_grant'))
  expect(rows).toHaveLength(1)
  return rows[0]
}

describe('where the service is reached without TLS,', () => {
  beforeAll(async () => {
    await start()
    await stage.removePolicies()
  })
  beforeEach(() => stage.delegate(['EAS.AccessAsUser.All']))
  afterEach(() => stage.removePolicies())
  afterAll(() => stage.close())

  test('a signed user token becomes one that says who acts and claims no sign-in', async () => {
    const rows = await stage.written(async () => {
      const answer = await stage.onBehalfOf(stage.cloud.sign(claims()))
      expect(verdict(answer)).toBe('200 ok')
      const { sub, upn, act, aud, ...rest } = decodeJwt(String(answer.body.access_token))
      expect({ sub, upn, act, aud }).toEqual({
        sub: stage.world.sts.mary.account.id,
        upn: stage.world.sts.mary.upn,
        act: { sub: stage.cloud.clientId },
        aud: ONPREM,
      })
      for (const name of ['acr', 'amr', 'auth_time', 'sid']) expect(rest).not.toHaveProperty(name)
      const again = await stage.ask({ grant_type: 'refresh_token', refresh_token: String(answer.body.refresh_token) })
      expect(decodeJwt(String(again.body.access_token)).act).toEqual(act)
    })
    expect(rows.map(({ event }) => event)).toEqual(['token.issued', 'token.issued'])
    for (const row of rows) expect(row).toMatchObject({ actor: stage.cloud.clientId, accountId: stage.world.sts.mary.account.id })
  })

  test('a refresh token of one counts from its beginning: signing out everywhere ends it', async () => {
    const { body } = await stage.onBehalfOf(stage.cloud.sign(claims()))
    stage.world.pass(5)
    const next = await stage.ask({ grant_type: 'refresh_token', refresh_token: String(body.refresh_token) })
    expect(verdict(next)).toBe('200 ok')
    await stage.world.sts.kept.accounts.signOut(stage.world.sts.mary.account.id, new Date(Date.now() - 2000))
    expect(verdict(await stage.ask({ grant_type: 'refresh_token', refresh_token: String(next.body.refresh_token) }))).toBe(
      '400 invalid_grant',
    )
  })

  type Case = readonly [name: string, reason: string, token: () => Promise<string> | string]
  const cases: readonly Case[] = [
    [
      'the same once more',
      'token_replayed',
      async () => {
        const token = stage.cloud.sign(claims())
        await stage.world.sts.kept.replay.claim('nobody', 'nothing', new Date(Date.now() + 1000))
        expect(verdict(await stage.onBehalfOf(token))).toBe('200 ok')
        return token
      },
    ],
    ['one signed by another server', 'key_unknown', () => stage.onPremServer.sign(claims())],
    ['another server’s certificate named', 'key_unknown', () => stage.cloud.sign(claims(), { x5t: stage.onPremServer.x5t })],
    [
      'another issuer than the actor',
      'actor_mismatch',
      () => stage.cloud.sign(claims({ iss: `${randomUUID()}@${stage.world.sts.realm.id}` })),
    ],
    [
      'another realm in the issuer',
      'actor_mismatch',
      () => stage.cloud.sign(claims({ iss: `${stage.cloud.clientId}@${randomUUID()}` })),
    ],
    [
      'another audience',
      'audience_mismatch',
      () => stage.cloud.sign(claims({ aud: `${stage.onPremServer.clientId}/onprem.contoso.com@${stage.world.sts.realm.id}` })),
    ],
    [
      'an actor token for another server',
      'audience_mismatch',
      async () =>
        stage.cloud.sign(
          claims({
            actortoken: await actorToken(
              stage.cloud,
              `${stage.onPremServer.clientId}/onprem.contoso.com@${stage.world.sts.realm.id}`,
            ),
          }),
        ),
    ],
    [
      'an actor token of its own making',
      'issuer_mismatch',
      () => stage.cloud.sign(claims({ actortoken: stage.cloud.sign({ ...decodeJwt(actor), iss: `${stage.cloud.clientId}@x` }) })),
    ],
    [
      'an actor token with a broken signature',
      'signature_invalid',
      () => stage.cloud.sign(claims({ actortoken: `${actor.slice(0, -20)}${'A'.repeat(20)}` })),
    ],
    ['a user token inside', 'actor_nested', () => stage.cloud.sign(claims({ actortoken: stage.cloud.sign(claims()) }))],
    [
      'a life beyond the actor’s',
      'outlives_actor',
      () => stage.cloud.sign(claims({ exp: String(Math.floor(Date.now() / 1000) + 8 * 3600) })),
    ],
    [
      'an end that has come',
      'token_expired',
      () =>
        stage.cloud.sign(
          claims({ nbf: String(Math.floor(Date.now() / 1000) - 20), exp: String(Math.floor(Date.now() / 1000) - 1) }),
        ),
    ],
    ['nobody', 'user_unknown', () => stage.cloud.sign(claims({ upn: 'nobody@contoso.com', smtp: undefined }))],
    ['two people', 'user_ambiguous', () => stage.cloud.sign(claims({ smtp: stage.world.sts.joe.upn }))],
    ['no name', 'user_missing', () => stage.cloud.sign(claims({ upn: undefined, smtp: undefined }))],
    [
      'a name that is not kept here',
      'user_unknown',
      () => stage.cloud.sign(claims({ upn: undefined, smtp: undefined, nameid: 's-1-5-21-1-2-3-4' })),
    ],
    ['no signature', 'unsigned_not_allowed', () => unsigned()],
  ]
  it.each(cases)('%s is refused', async (_name, reason, token) => {
    let made = ''
    await stage.written(async () => {
      made = await token()
    })
    const row = await refusalOf(() => made)
    expect(String(row?.detail.reason)).toMatch(new RegExp(`^user_token_refused: ${reason}\\b`))
    expect(row).toMatchObject({ actor: stage.cloud.clientId, detail: { grantType: OBO } })
  })

  it.each(['None', 'NONE', 'nOnE', ''])('alg %j is refused with the switch on, too', async (alg) => {
    await switchUnsigned(true)
    const token = `${encode({ alg, typ: 'JWT' })}.${encode(claims())}.`
    expect(String((await refusalOf(() => token))?.detail.reason)).toMatch(/^user_token_refused: (algorithm|token|header)_/)
    await switchUnsigned(false)
  })

  it('with the switch on, no signature is still refused for want of TLS', async () => {
    await switchUnsigned(true)
    const row = await refusalOf(() => unsigned())
    expect(row?.detail.reason).toMatch(/^user_token_refused: connection_not_secure/)
    await switchUnsigned(false)
  })

  it('a user token that another server brings is refused: the one that acts must have asked', async () => {
    await stage.delegate(['EAS.AccessAsUser.All'], { clientId: stage.onPremServer.clientId })
    const token = stage.cloud.sign(claims())
    const form = { grant_type: OBO, requested_token_use: 'on_behalf_of', assertion: token, scope: EAS }
    const rows = await stage.written(async () => {
      expect(verdict(await stage.ask(form, { as: stage.onPremServer }))).toBe('400 invalid_grant')
    })
    expect(rows).toMatchObject([{ actor: stage.onPremServer.clientId, detail: { reason: 'user_token_not_of_caller' } }])
    // And it was not used up by that.
    expect(verdict(await stage.onBehalfOf(token))).toBe('200 ok')
  })

  it('a withdrawn actor token is refused at once, and so is one without delegation', async () => {
    const held = await actorToken(stage.cloud)
    stage.world.pass(5)
    await stage.world.sts.kept.partners.withdrawTokens(stage.cloud.clientId as never, new Date())
    const row = await refusalOf(() => stage.cloud.sign(claims({ actortoken: held })))
    expect(row?.detail.reason).toMatch(/^user_token_refused: token_withdrawn/)
    actor = await actorToken(stage.cloud)
    await stage.world.sts.kept.delegations.revoke(stage.cloud.clientId as never, stage.onPrem.id)
    expect((await refusalOf(() => stage.cloud.sign(claims())))?.detail.reason).toMatch(/^user_token_refused: act_as_not_granted/)
    const powerless = await actorToken(stage.cloud)
    expect((await refusalOf(() => stage.cloud.sign(claims({ actortoken: powerless }))))?.detail.reason).toMatch(
      /^user_token_refused: delegation_missing/,
    )
  })

  it('a person in an excepted group, and one who was disabled, are not acted for', async () => {
    await stage.delegate(['EAS.AccessAsUser.All'], { exceptGroups: ['board'] })
    await stage.world.changeAccount(stage.world.sts.joe, { groups: ['Board'] })
    const names = { upn: stage.world.sts.joe.upn, smtp: undefined }
    const row = await refusalOf(() => stage.cloud.sign(claims(names)))
    expect(row).toMatchObject({ accountId: stage.world.sts.joe.account.id, detail: { reason: 'group_excepted' } })
    await stage.world.changeAccount(stage.world.sts.joe, { groups: [], status: 'disabled' })
    expect((await refusalOf(() => stage.cloud.sign(claims(names))))?.detail.reason).toMatch(/^user_token_refused: user_inactive/)
    await stage.world.changeAccount(stage.world.sts.joe, { status: 'active' })
  })

  it('a policy that wants a second factor refuses it, since nothing was shown and nobody is there to ask', async () => {
    await stage.putPolicy({ require: ['second-factor'], when: { resource: [ONPREM] } })
    const row = await refusalOf(() => stage.cloud.sign(claims()))
    expect(row).toMatchObject({ accountId: stage.world.sts.mary.account.id, detail: { reason: 'policy_requires_more' } })
  })
})

describe('where the service is reached over TLS and the switch is on,', () => {
  beforeAll(async () => {
    await start({ baseUrl: 'https://sts.contoso.com' })
    await stage.removePolicies()
    await switchUnsigned(true)
  })
  afterAll(() => stage.close())

  test('a token that nobody signed is let through, and each use is written down', async () => {
    const rows = await stage.written(async () => {
      expect(verdict(await stage.onBehalfOf(unsigned()))).toBe('200 ok')
      expect(verdict(await stage.onBehalfOf(unsigned(), { scope: `${ONPREM}Mail.Read` }))).toBe('400 invalid_scope')
    })
    const { jti } = decodeJwt(actor)
    expect(rows.filter(({ event }) => event === 'unsigned_user_token.accepted')).toMatchObject(
      [1, 2].map(() => ({
        actor: stage.cloud.clientId,
        accountId: stage.world.sts.mary.account.id,
        detail: { user: stage.world.sts.mary.upn, jti },
      })),
    )
    expect(rows.map(({ event }) => event).toSorted()).toEqual([
      'token.issued',
      'token.refused',
      'unsigned_user_token.accepted',
      'unsigned_user_token.accepted',
    ])
  })

  test('the switch of one server is none for another', async () => {
    await stage.delegate(['EAS.AccessAsUser.All'], { clientId: stage.onPremServer.clientId })
    const token = unsigned({
      iss: `${stage.onPremServer.clientId}@${stage.world.sts.realm.id}`,
      actortoken: await actorToken(stage.onPremServer),
    })
    const form = { grant_type: OBO, requested_token_use: 'on_behalf_of', assertion: token, scope: EAS }
    const rows = await stage.written(() => stage.ask(form, { as: stage.onPremServer }))
    expect(rows).toMatchObject([{ event: 'token.refused' }])
    expect(rows[0]?.detail.reason).toMatch(/^user_token_refused: unsigned_not_allowed/)
  })
})
