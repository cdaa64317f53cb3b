/** What a client was given to act for somebody ends at the next question when what it rested on has ended (R71, R127). */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mailTokens, signedIn, verdict } from '../support/world.ts'
import { EAS, EWS, type Stage, startStage } from './on-behalf-of-stage.ts'

let stage: Stage
let mary: string
let token: string

beforeAll(async () => {
  stage = await startStage()
  mary = (await mailTokens(stage.world, await signedIn(stage.world))).access
})
afterAll(() => stage.close())

beforeEach(async () => {
  await stage.delegate(['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'])
  await stage.world.changeAccount(stage.world.sts.mary, { groups: [] })
  const answer = await stage.onBehalfOf(mary, { scope: `${EAS} ${EWS}` })
  expect(verdict(answer)).toBe('200 ok')
  token = String(answer.body.access_token)
  expect(await stage.introspect(token)).toMatchObject({ active: true, act: { sub: stage.cloud.clientId } })
})

test.each<[string, () => Promise<unknown>]>([
  ['the delegation was revoked', () => stage.world.sts.kept.delegations.revoke(stage.cloud.clientId as never, stage.onPrem.id)],
  ['the delegation covers less than the token', () => stage.delegate(['EAS.AccessAsUser.All'])],
  [
    'the person came into a group that nobody may act for',
    async () => {
      await stage.delegate(['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'], { exceptGroups: ['Board'] })
      await stage.world.changeAccount(stage.world.sts.mary, { groups: ['board'] })
    },
  ],
  [
    'what the client got so far was withdrawn, as when its key is taken away',
    async () => {
      stage.world.pass(2)
      await stage.world.sts.kept.partners.withdrawTokens(stage.cloud.clientId as never, new Date())
    },
  ],
])('when %s', async (_, end) => {
  await end()
  expect(await stage.introspect(token)).toEqual({ active: false })
})
