/** The shape of CVE-2025-53786: one server's certificate speaks for another server. */

import { ActorBench } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { makeActorScene } from '../testing/actor-scene.ts'
import { createActorTokenValidator } from './actor-token.ts'
import type { ActorPartner } from './actor-token-contract.ts'

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
  const { realm, otherRealm } = scene
  const making = (...partners: readonly ActorPartner[]) =>
    createActorTokenValidator({ ...options, partners, metadataHosts: ['a.example'] })
  const certificates = [partner.key.der]
  const [{ clientId: one }, { clientId: other }] = [partner, otherPartner]
  expect(() => making({ clientId: one, realm, certificates }, { clientId: other, realm, certificates })).toThrow(/is given to/)
  expect(() => making({ clientId: one, realm, certificates }, { clientId: one, realm: otherRealm, certificates })).toThrow(
    `is given to ${one}@${realm} and ${one}@${otherRealm}`,
  )
  const metadataUrl = 'https://a.example/metadata'
  expect(() => making({ clientId: one, realm, metadataUrl }, { clientId: one, realm: otherRealm, metadataUrl })).toThrow(
    /metadata document .* is given to/,
  )
  expect(() => making({ clientId: one, realm }, { clientId: one, realm })).toThrow(/given twice/)
  expect(() => making({ clientId: 'a', realm, certificates: ['no PEM'] })).toThrow(/not an X.509 certificate/)
})

test('a partner function that hands out another partner is not believed', async () => {
  const wrong = { clientId: otherPartner.clientId, realm: scene.realm, certificates: [attacker.der], actAs: {} }
  const confused = createActorTokenValidator({ ...options, partners: () => wrong })
  await expect(confused.validate(bench.user({ key: attacker }))).rejects.toMatchObject({ code: 'partner_unknown' })
})
