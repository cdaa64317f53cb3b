/** What was given to act for somebody is looked at again at each refresh, as if it were asked for the first time (R33, R70). */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { mailTokens, signedIn, verdict } from '../support/world.ts'
import { EAS, EWS, OBO, ONPREM, type Stage, startStage } from './on-behalf-of-stage.ts'

let stage: Stage
let mary: string

beforeAll(async () => {
  stage = await startStage()
  mary = (await mailTokens(stage.world, await signedIn(stage.world))).access
})
afterAll(() => stage.close())

let refresh: string
beforeEach(async () => {
  await stage.delegate(['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'])
  const { body } = await stage.onBehalfOf(mary, { scope: `${EAS} ${EWS} offline_access` })
  refresh = String(body.refresh_token)
})

const refreshed = (change: Record<string, string> = {}) =>
  stage.ask({ grant_type: 'refresh_token', refresh_token: refresh, ...change })

const cloudAs = () => ({ ...stage.cloud, redirectUri: '' })

describe('nothing is refreshed after', () => {
  it.each<[string, string, string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'the delegation was revoked',
      '400 invalid_grant',
      'delegation_missing',
      () => stage.world.sts.kept.delegations.revoke(stage.cloud.clientId as never, stage.onPrem.id),
      async () => {},
    ],
    [
      'the delegation excepts a group of the person',
      '400 invalid_grant',
      'group_excepted',
      async () => {
        await stage.delegate(['EAS.AccessAsUser.All'], { exceptGroups: ['Board'] })
        await stage.world.changeAccount(stage.world.sts.mary, { groups: ['board'] })
      },
      () => stage.world.changeAccount(stage.world.sts.mary, { groups: [] }),
    ],
    [
      'the delegation has none of its scopes any more',
      '400 invalid_grant',
      'scope_empty',
      () => stage.delegate(['Mail.Read']),
      async () => {},
    ],
    [
      'the client lost the grant',
      '400 invalid_grant',
      'grant_not_allowed',
      () => stage.world.changeClient(cloudAs(), { grantTypes: ['refresh_token'] }),
      () => stage.world.changeClient(cloudAs(), { grantTypes: ['refresh_token', OBO] }),
    ],
    [
      'the client lost its access',
      '400 invalid_grant',
      'scope_empty',
      () => stage.world.changeClient(cloudAs(), { access: [{ resourceId: stage.onPrem.id, scopes: ['Mail.Read'] }] }),
      () => stage.world.changeClient(cloudAs(), { access: [{ resourceId: stage.onPrem.id, scopes: stage.onPrem.scopes }] }),
    ],
    [
      'the resource was disabled',
      '400 invalid_grant',
      'target_unknown',
      () => stage.world.sts.kept.resources.replace({ ...stage.onPrem, status: 'disabled' }),
      () => stage.world.sts.kept.resources.replace(stage.onPrem),
    ],
    [
      'the account was disabled',
      '400 invalid_grant',
      'account_disabled',
      () => stage.world.changeAccount(stage.world.sts.mary, { status: 'disabled' }),
      () => stage.world.changeAccount(stage.world.sts.mary, { status: 'active' }),
    ],
    [
      'a policy blocks what comes by exchange',
      '400 invalid_grant',
      'policy_blocks',
      () => stage.putPolicy({ access: 'block', when: { flow: ['exchange'] } }),
      () => stage.removePolicies(),
    ],
    [
      'a policy wants more of it',
      '400 invalid_grant',
      'policy_requires_more',
      () => stage.putPolicy({ require: ['phishing-resistant'], when: { flow: ['exchange'] } }),
      () => stage.removePolicies(),
    ],
  ])('%s', async (_name, answer, reason, change, undo) => {
    await change()
    let got = ''
    const rows = await stage.written(async () => {
      got = verdict(await refreshed())
    })
    await undo()
    expect(got).toBe(answer)
    expect(rows.filter(({ event }) => event === 'token.refused')).toMatchObject([
      { actor: stage.cloud.clientId, accountId: stage.world.sts.mary.account.id, detail: { grantType: 'refresh_token', reason } },
    ])
  })

  it('the client was disabled', async () => {
    await stage.world.changeClient(cloudAs(), { status: 'disabled' })
    expect(verdict(await refreshed())).toBe('401 invalid_client')
    await stage.world.changeClient(cloudAs(), { status: 'active' })
  })
})

test('a policy for refreshing alone does not stop what came by exchange, since it is judged as one', async () => {
  await stage.putPolicy({ access: 'block', when: { flow: ['refresh'] } })
  expect(verdict(await refreshed())).toBe('200 ok')
  await stage.removePolicies()
})

test('scopes that were taken from the delegation are gone from the next token, and come back with it', async () => {
  await stage.delegate(['EAS.AccessAsUser.All'])
  const narrow = await refreshed()
  expect([narrow.body.scope, decodeJwt(String(narrow.body.access_token)).scp]).toEqual([EAS, 'EAS.AccessAsUser.All'])
  refresh = String(narrow.body.refresh_token)
  expect(verdict(await refreshed({ scope: EWS }))).toBe('400 invalid_grant')
  await stage.delegate(['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'])
  const wide = await refreshed()
  expect(String(wide.body.scope).split(' ').toSorted()).toEqual([EAS, EWS].toSorted())
})

test('a refresh reaches no other resource', async () => {
  expect(verdict(await refreshed({ resource: 'https://mail.contoso.com/' }))).toBe('400 invalid_target')
})

test('a refresh says whom it acts for', async () => {
  const rows = await stage.written(async () => {
    const { body } = await refreshed({ resource: ONPREM })
    expect(decodeJwt(String(body.access_token))).toMatchObject({ aud: ONPREM, act: { sub: stage.cloud.clientId } })
  })
  expect(rows).toMatchObject([{ event: 'token.issued', actor: stage.cloud.clientId, accountId: stage.world.sts.mary.account.id }])
})

test('signing out everywhere ends it', async () => {
  stage.world.pass(5)
  await stage.world.sts.kept.accounts.signOut(stage.world.sts.mary.account.id, new Date())
  const rows = await stage.written(async () => expect(verdict(await refreshed())).toBe('400 invalid_grant'))
  expect(rows).toMatchObject([{ event: 'token.refused', detail: { reason: 'signed_out_since' } }])
  mary = (await mailTokens(stage.world, await signedIn(stage.world))).access
})
