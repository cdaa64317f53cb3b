import { describe, expect, test } from 'vitest'
import { ActorBench, type HostileActorToken } from '../testing/actor-bench.ts'
import { makeActorScene } from '../testing/actor-scene.ts'
import { hostileActorTokens } from '../testing/hostile-actor-tokens.ts'
import { createActorTokenValidator } from './actor-token.ts'
import type { ActorTokenUse } from './actor-token-contract.ts'
import { ActorTokenError, actorTokenErrorCodes } from './errors.ts'

const { scene, server, options } = makeActorScene()
const uses: ActorTokenUse[] = []
const validator = createActorTokenValidator({ ...options, onUse: (use) => uses.push(use) })
await validator.prepare()
const askedAtStart = server.asked.length
const bench = new ActorBench(scene)
const cases = hostileActorTokens(scene)

async function refusalOf({ token, request }: Pick<HostileActorToken, 'token' | 'request'>): Promise<ActorTokenError | undefined> {
  try {
    await validator.validate(token, request)
    return undefined
  } catch (error) {
    if (error instanceof ActorTokenError) return error
    throw error // anything else is a fault of ours
  }
}

describe('accepts', () => {
  test('the pair that all of them are made from', async () => {
    const accepted = await validator.validate(bench.user())
    expect(accepted).toMatchObject({
      kind: 'user',
      form: 'signed',
      user: { id: 'mary' },
      actor: { clientId: scene.partner.clientId },
    })
  })

  test('A16: our host in other letter case, in one token or both', async () => {
    const shouted = bench.audience.replace(scene.own.host, scene.own.host.toUpperCase())
    const actortoken = bench.actor({ claims: { aud: shouted } })
    for (const claims of [{ aud: shouted }, { actortoken }, { aud: shouted, actortoken }]) {
      expect(await validator.validate(bench.user({ claims }))).toMatchObject({ kind: 'user', user: { id: 'mary' } })
    }
  })

  test('the pairs of the partners with fewer rights, where they have them', async () => {
    const inOperation = { operation: 'FreeBusy' }
    expect(await validator.validate(bench.userOf(scene.limitedPartner), inOperation)).toMatchObject({ kind: 'user' })
    expect(await validator.validate(bench.unsigned(), { secure: true })).toMatchObject({ kind: 'user', form: 'unsigned' })
    expect(await validator.validate(bench.actor())).toMatchObject({ kind: 'app', actor: { nameid: bench.nameid() } })
    const newer = { ver: 'app_asserted_user_v1', appid: scene.partner.clientId, tid: scene.realm, scp: 'user_impersonation' }
    expect(await validator.validate(bench.user({ claims: newer }))).toMatchObject({ kind: 'user' })
    expect(await validator.validate(bench.actor({ claims: { ver: 'service_asserted_app_v1' } }))).toMatchObject({ kind: 'app' })
  })
})

describe('refuses', () => {
  test.for(cases.map((one) => [one.id, one.name, one] as const))('%s: %s', async ([, , hostile]) => {
    const told = uses.length
    const refused = await refusalOf(hostile)
    expect({ code: refused?.code, detail: refused?.detail }).toEqual({
      code: hostile.expect,
      detail: expect.stringContaining(hostile.says),
    })
    expect(server.asked.length).toBe(askedAtStart)
    expect(uses.slice(told).map(({ outcome, reason }) => ({ outcome, reason }))).toEqual([
      { outcome: 'refused', reason: hostile.expect },
    ])
    expect(refused?.message).not.toContain('eyJ')
    expect(refused?.detail).not.toContain('eyJ')
  })
})

test('every class from A1 to A50 is covered, or named as an event of its own test', () => {
  const covered = new Set(cases.map(({ id }) => Number(/^A(\d+)/.exec(id)?.[1])))
  const open = Array.from({ length: 50 }, (_, index) => index + 1).filter((number) => !covered.has(number))
  expect(open).toEqual([16, 43]) // A16 is to be accepted; A43 is a replay
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
})

test('two classes never give the same reason, so that a log tells them apart', async () => {
  const reasons = new Map<string, string>()
  for (const hostile of cases) {
    const refused = await refusalOf(hostile)
    const reason = `${refused?.code} ${refused?.detail}`
    const own = hostile.id.replace(/-.*/, '')
    expect([reason, reasons.get(reason) ?? own]).toEqual([reason, own])
    reasons.set(reason, own)
  }
  const unused = actorTokenErrorCodes.filter((code) => !cases.some((one) => one.expect === code))
  // These need another validator, a second presentation, or a service that cannot be asked: tests of their own.
  expect(unused).toEqual([
    'token_too_large',
    'certificate_of_another',
    'keys_unavailable',
    'token_replayed',
    'token_withdrawn',
    'status_unavailable',
  ])
})
