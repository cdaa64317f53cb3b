/** The shape of CVE-2025-53786: one server's certificate speaks for another server. */
import { expect, test } from 'vitest'
import { ActorBench } from '../testing/actor-bench.ts'
import { makeActorScene } from '../testing/actor-scene.ts'
import { createActorTokenValidator } from './actor-token.ts'

const { scene, options } = makeActorScene()
const bench = new ActorBench(scene)
const validator = createActorTokenValidator(options)
const { partner, otherPartner, attacker } = scene

test('a registered certificate signs for its own principal alone', async () => {
  expect(await validator.validate(bench.userOf(otherPartner))).toMatchObject({ actor: { clientId: otherPartner.clientId } })
  const stolen = bench.userOf({ clientId: partner.clientId, key: otherPartner.key })
  await expect(validator.validate(stolen)).rejects.toMatchObject({
    code: 'key_unknown',
    detail: expect.stringContaining(`is not of ${partner.clientId}`),
  })
  await expect(validator.validate(bench.userOf({ clientId: otherPartner.clientId, key: partner.key }))).rejects.toMatchObject({
    code: 'key_unknown',
  })
})

test('a certificate of a server signs no actor token, and one of the token service no user token', async () => {
  await expect(validator.validate(bench.actor({ key: partner.key }))).rejects.toMatchObject({ code: 'key_unknown' })
  await expect(validator.validate(bench.user({ key: scene.sts }))).rejects.toMatchObject({ code: 'key_unknown' })
})

test('one certificate under two partners is an error at the start', () => {
  const shared = [partner, otherPartner].map(({ clientId }) => ({ clientId, certificates: [partner.key.der] }))
  expect(() => createActorTokenValidator({ ...options, partners: shared })).toThrow(/is given to/)
  const twice = [{ clientId: partner.clientId }, { clientId: partner.clientId }]
  expect(() => createActorTokenValidator({ ...options, partners: twice })).toThrow(/given twice/)
  expect(() => createActorTokenValidator({ ...options, partners: [{ clientId: 'a', certificates: ['no PEM'] }] })).toThrow(
    TypeError,
  )
})

test('a partner function that hands out another partner is not believed', async () => {
  const wrong = { clientId: otherPartner.clientId, certificates: [attacker.der], actAs: {} }
  const confused = createActorTokenValidator({ ...options, partners: () => wrong })
  await expect(confused.validate(bench.user({ key: attacker }))).rejects.toMatchObject({ code: 'partner_unknown' })
})
