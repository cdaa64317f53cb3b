/** The shape of CVE-2025-55241: an actor token of one realm opens the accounts of another, or what was granted to another's server. */

import { ActorBench } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { issuerOf, makeActorScene } from '../testing/actor-scene.ts'
import { createActorTokenValidator } from './actor-token.ts'
import type { ActorPartner, ActorTokenUse } from './actor-token-contract.ts'

const { scene, namesake, people, options } = makeActorScene()
const bench = new ActorBench(scene)
const { realm, otherRealm, otherSts, partner, otherPartner, own, users } = scene
const uses: ActorTokenUse[] = []
const validator = createActorTokenValidator({ ...options, onUse: (use) => uses.push(use) })
const iss = issuerOf(otherRealm)
const nameid = `${partner.clientId}@${otherRealm}`
const foreignAudience = `${own.clientId}/${own.host}@${otherRealm}`

/** Everything that a partner in the other realm can have made there, with the given members bent. */
const foreignActor = (claims: Record<string, unknown> = {}): string =>
  bench.actor({ key: otherSts, claims: { iss, identityprovider: iss, nameid, aud: foreignAudience, ...claims } })
const foreignPair = (actor: Record<string, unknown>, outer: Record<string, unknown>): string =>
  bench.user({
    key: namesake.key,
    claims: {
      aud: foreignAudience,
      iss: nameid,
      actortoken: foreignActor(actor),
      upn: users.foreign.upn,
      smtp: undefined,
      nameid: undefined,
      nii: undefined,
      ...outer,
    },
  })

test('the pair is good where it belongs', async () => {
  expect(await validator.validate(foreignPair({}, {}))).toMatchObject({ user: { id: 'eve' }, actor: { realm: otherRealm } })
})

test('who has the id of a partner in another realm is another server: nothing of its grants, nor of its certificates', async () => {
  const told = uses.length
  await expect(validator.validate(foreignActor())).rejects.toMatchObject({ code: 'app_only_not_granted' })
  expect(uses[told]).toMatchObject({ outcome: 'refused', actor: nameid, realm: otherRealm, form: 'app' })
  const ours = bench.user({ key: namesake.key })
  await expect(validator.validate(ours)).rejects.toMatchObject({ code: 'key_unknown' })
  const claims = { aud: foreignAudience, iss: nameid, actortoken: foreignActor(), upn: users.foreign.upn }
  const nobodyElse = { smtp: undefined, nameid: undefined, nii: undefined }
  const stolen = bench.user({ key: partner.key, claims: { ...claims, ...nobodyElse } })
  await expect(validator.validate(stolen)).rejects.toMatchObject({ code: 'key_unknown' })
  expect(await validator.validate(bench.actor())).toMatchObject({ kind: 'app', actor: { realm } })
})

test('a partner without its realm is one of the only issuer, and a mistake where there are several', async () => {
  const { clientId } = otherPartner
  const single = { ...options, issuers: options.issuers.slice(0, 1), audience: bench.audience }
  const granted = { clientId, certificates: [otherPartner.key.der], actAs: {}, appOnly: true }
  const token = bench.userOf(otherPartner)
  for (const partners of [[granted], [{ ...granted, realm }], () => granted, async () => ({ ...granted, realm })])
    expect(await createActorTokenValidator({ ...single, partners }).validate(token)).toMatchObject({ kind: 'user' })
  expect(() => createActorTokenValidator({ ...options, partners: [granted] })).toThrow(
    `partner ${clientId} must have a realm, because there are several issuers`,
  )
  for (const stray of [otherRealm, realm.toUpperCase(), '', '*'])
    expect(() => createActorTokenValidator({ ...single, partners: [{ ...granted, realm: stray }] }), stray).toThrow(
      'has no issuer',
    )
})

test('a partner function that forgets the realm is not believed', async () => {
  const granted = { clientId: otherPartner.clientId, certificates: [otherPartner.key.der], actAs: {}, appOnly: true }
  const actortoken = foreignActor({ nameid: `${otherPartner.clientId}@${otherRealm}` })
  const refusedWith = (partner: ActorPartner, token: string) =>
    expect(createActorTokenValidator({ ...options, partners: () => partner }).validate(token)).rejects
  await refusedWith({ ...granted, realm }, actortoken).toMatchObject({
    code: 'partner_unknown',
    detail: expect.stringContaining(`the partner found is of ${realm}`),
  })
  await refusedWith(granted, actortoken).toMatchObject({
    code: 'partner_unknown',
    detail: expect.stringContaining('the partner found has no realm'),
  })
  await refusedWith(granted, bench.actorOf(otherPartner)).toMatchObject({ code: 'partner_unknown' })
  await refusedWith({ ...granted, realm: otherRealm }, bench.actorOf(otherPartner)).toMatchObject({ code: 'partner_unknown' })
})

test('it opens no account of ours, whichever member is swapped', async () => {
  const victim = { upn: users.good.upn }
  const swapped: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, string])[] = [
    ['the user alone', {}, victim, 'user_unknown'],
    ['the user by SID', {}, { upn: undefined, nameid: users.good.sid, nii: 'urn:office:idp:activedirectory' }, 'user_unknown'],
    ['the outer audience', {}, { ...victim, aud: bench.audience }, 'audience_mismatch'],
    ['both audiences', { aud: bench.audience }, { ...victim, aud: bench.audience }, 'realm_mismatch'],
    ['the name of the actor', { nameid: bench.nameid() }, { ...victim, iss: bench.nameid() }, 'realm_mismatch'],
    [
      'the name and the audiences',
      { nameid: bench.nameid(), aud: bench.audience },
      { ...victim, iss: bench.nameid(), aud: bench.audience },
      'realm_mismatch',
    ],
    [
      'the issuer, signed by the other service',
      { iss: issuerOf(scene.realm), identityprovider: issuerOf(scene.realm), nameid: bench.nameid(), aud: bench.audience },
      { ...victim, iss: bench.nameid(), aud: bench.audience },
      'key_unknown',
    ],
    ['tid beside it all', {}, { ...victim, tid: scene.realm }, 'realm_mismatch'],
  ]
  for (const [what, actor, outer, code] of swapped) {
    const told = uses.length
    await expect(validator.validate(foreignPair(actor, outer)), what).rejects.toMatchObject({ code })
    expect(uses.slice(told), what).toMatchObject([{ outcome: 'refused', reason: code }])
  }
})

test('not even a user look-up that forgets the realm opens one', async () => {
  const careless = createActorTokenValidator({
    ...options,
    findUser: ({ upn = '' }) => people.filter(({ names }) => names.includes(upn)),
  })
  await expect(careless.validate(foreignPair({}, { upn: users.good.upn }))).rejects.toMatchObject({
    code: 'realm_mismatch',
    detail: expect.stringContaining('lives in another realm'),
  })
})

test('the refusal is told with the actor that it proves and the user that was wanted', async () => {
  const told = uses.length
  await validator.validate(foreignPair({}, { upn: users.good.upn })).catch(() => undefined)
  expect(uses[told]).toMatchObject({
    outcome: 'refused',
    actor: nameid,
    realm: otherRealm,
    user: users.good.upn,
    form: 'signed',
    jti: 'actor-1',
  })
})
