/** The shape of CVE-2025-55241: an actor token of one realm opens the accounts of another. */
import { expect, test } from 'vitest'
import { ActorBench } from '../testing/actor-bench.ts'
import { issuerOf, makeActorScene } from '../testing/actor-scene.ts'
import { createActorTokenValidator } from './actor-token.ts'
import type { ActorTokenUse } from './actor-token-contract.ts'

const { scene, people, options } = makeActorScene()
const bench = new ActorBench(scene)
const { otherRealm, otherSts, partner, own, users } = scene
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
