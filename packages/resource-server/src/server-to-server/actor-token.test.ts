import { createPublicKey, type KeyObject } from 'node:crypto'
import { ActorBench } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { makeActorScene, type Person, publishedJwk } from '../testing/actor-scene.ts'
import { createActorTokenValidator } from './actor-token.ts'
import type { ActorPartner, ActorTokenUse, ActorTokenValidatorOptions } from './actor-token-contract.ts'

const { scene, people, options } = makeActorScene()
const bench = new ActorBench(scene)
const { partner, realm, users } = scene
const granted: ActorPartner = {
  clientId: partner.clientId,
  realm,
  certificates: [partner.key.der],
  actAs: {},
  appOnly: true,
}

/** A validator with a clock that can be turned, and what it told. */
function makeValidator(more: Partial<ActorTokenValidatorOptions<Person>> = {}) {
  const clock = { now: scene.now }
  const uses: ActorTokenUse[] = []
  const problems: string[] = []
  const validator = createActorTokenValidator<Person>({
    ...options,
    onUse: (use) => uses.push(use),
    onProblem: (problem) => problems.push(problem),
    ...more,
    clock: () => new Date(clock.now * 1000),
  })
  return { validator, clock, uses, problems }
}

test('every decision is told, with what was verified and nothing else', async () => {
  const { validator, uses } = makeValidator()
  await validator.validate(bench.user())
  await validator.validate(bench.actor())
  await validator.validate(bench.user({ key: scene.attacker })).catch(() => undefined)
  await validator.validate(bench.user({ claims: { actortoken: bench.actor({ key: scene.attacker }) } })).catch(() => undefined)
  await validator.validate('x').catch(() => undefined)
  const at = new Date(scene.now * 1000)
  const proved = { at, actor: bench.nameid(), realm, audience: bench.audience, jti: 'actor-1' }
  expect(uses).toEqual([
    { ...proved, outcome: 'allowed', form: 'signed', user: users.good.upn },
    { ...proved, outcome: 'allowed', form: 'app' },
    { ...proved, outcome: 'refused', reason: 'key_unknown', form: 'signed' },
    { at, outcome: 'refused', reason: 'key_unknown', form: 'signed' },
    { at, outcome: 'refused', reason: 'token_malformed', form: 'unknown' },
  ])
})

test('a use that cannot be told is not allowed, and a refusal stands all the same', async () => {
  class TrailFull extends Error {}
  const { validator, problems } = makeValidator({
    onUse: () => {
      throw new TrailFull('full')
    },
  })
  await expect(validator.validate(bench.user())).rejects.toBeInstanceOf(TrailFull)
  await expect(validator.validate('x')).rejects.toMatchObject({ code: 'token_malformed' })
  expect(problems).toEqual(['refusal not reported: full'])
})

test('A43: a one-time user token is taken once, by its jti or else by its text', async () => {
  const seen = new Map<string, Date>()
  const { validator } = makeValidator({
    oneTime: {
      claim: async (key, expiresAt) => {
        if (seen.has(key)) return false
        seen.set(key, expiresAt)
        return true
      },
    },
  })
  const named = bench.user({ claims: { jti: 'once' } })
  const unnamed = bench.user()
  for (const token of [named, unnamed]) {
    expect(await validator.validate(token)).toMatchObject({ kind: 'user' })
    await expect(validator.validate(token)).rejects.toMatchObject({ code: 'token_replayed' })
  }
  const sameName = bench.user({ claims: { jti: 'once', exp: scene.now + 200 } })
  await expect(validator.validate(sameName)).rejects.toMatchObject({
    code: 'token_replayed',
    detail: expect.stringContaining('jti'),
  })
  const ofAnother = { ...scene.otherPartner }
  expect(await validator.validate(bench.userOf(ofAnother, { claims: { jti: 'once' } }))).toMatchObject({ kind: 'user' })
  expect([...seen.values()]).toContainEqual(new Date((scene.now + 300) * 1000))
  const refused = bench.user({ claims: { jti: 'fresh', upn: users.unknown, smtp: undefined } })
  await expect(validator.validate(refused)).rejects.toMatchObject({ code: 'user_unknown' })
  expect([...seen.keys()].some((key) => key.includes('fresh'))).toBe(false)
})

test('A44: a partner that is taken out is refused at its next request, remembered tokens or not', async () => {
  let known: ActorPartner | undefined = granted
  const { validator } = makeValidator({ partners: async () => known })
  const token = bench.user()
  for (let time = 0; time < 3; time += 1) expect(await validator.validate(token)).toMatchObject({ kind: 'user' })
  known = undefined
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'partner_unknown' })
  known = { ...granted, certificates: [] }
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'key_unknown' })
  const { actAs: _, ...ungranted } = granted
  known = ungranted
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'act_as_not_granted' })
})

test('certificates that change in the object of a partner count at the next request', async () => {
  const certificates = [partner.key.der]
  const keys: { x5t: string; key: KeyObject }[] = []
  const known = { ...granted, certificates, keys }
  const { validator } = makeValidator({ partners: () => known })
  const ofOld = bench.user()
  const ofNew = bench.user({ key: partner.endedKey })
  expect(await validator.validate(ofOld)).toMatchObject({ kind: 'user' })
  certificates[0] = partner.endedKey.der
  await expect(validator.validate(ofOld)).rejects.toMatchObject({ code: 'key_unknown' })
  await expect(validator.validate(ofNew)).rejects.toMatchObject({ code: 'certificate_not_valid' })
  known.certificates = []
  await expect(validator.validate(ofNew)).rejects.toMatchObject({ code: 'key_unknown' })
  keys.push({ x5t: partner.key.x5t, key: createPublicKey(partner.key.key) })
  expect(await validator.validate(ofOld)).toMatchObject({ kind: 'user' })
})

test('the issuer is asked at most once in 60 seconds for each actor token, and its word counts', async () => {
  const asked: string[] = []
  let answer: 'active' | 'inactive' | 'unavailable' = 'active'
  const { validator, clock } = makeValidator({
    status: {
      check: async (actorToken) => {
        asked.push(actorToken)
        return answer
      },
    },
  })
  const token = bench.user()
  const [first] = await Promise.all([validator.validate(token), validator.validate(token), validator.validate(bench.actor())])
  expect(first).toMatchObject({ kind: 'user' })
  expect(asked).toEqual([bench.actor()])
  answer = 'inactive'
  clock.now += 59
  expect(await validator.validate(token)).toMatchObject({ kind: 'user' })
  clock.now += 1
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'token_withdrawn' })
  await expect(validator.validate(bench.actor())).rejects.toMatchObject({ code: 'token_withdrawn' })
  expect(asked.length).toBe(2)
  answer = 'unavailable'
  clock.now += 60
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'status_unavailable' })
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'status_unavailable' })
  expect(asked.length).toBe(3)
  answer = 'active'
  clock.now += 5
  expect(await validator.validate(token)).toMatchObject({ kind: 'user' })
})

test('a status that cannot be had refuses, and a token that is refused anyway causes no question', async () => {
  let asked = 0
  const { validator, problems } = makeValidator({
    status: {
      check: () => {
        asked += 1
        return Promise.reject(new TypeError('fetch failed'))
      },
    },
  })
  await expect(validator.validate(bench.user({ key: scene.attacker }))).rejects.toMatchObject({ code: 'key_unknown' })
  await expect(validator.validate(bench.user({ claims: { upn: users.unknown } }))).rejects.toMatchObject({ code: 'user_unknown' })
  expect(asked).toBe(0)
  await expect(validator.validate(bench.user())).rejects.toMatchObject({ code: 'status_unavailable' })
  expect(problems).toEqual(['status of an actor token not known: fetch failed'])
})

test('a remembered actor token ends with its time, its certificate and its key', async () => {
  const { validator, clock } = makeValidator()
  const token = bench.user({ claims: { exp: scene.now + 3480 } })
  // Kept from the second time on, used from the third.
  for (let time = 0; time < 3; time += 1) expect(await validator.validate(token)).toMatchObject({ kind: 'user' })
  clock.now = scene.now + 3479
  expect(await validator.validate(token)).toMatchObject({ kind: 'user' })
  clock.now = scene.now + 3480
  await expect(validator.validate(token)).rejects.toMatchObject({
    code: 'token_expired',
    detail: expect.stringContaining('actor token'),
  })
  clock.now = scene.now - 3600
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'token_not_yet_valid' })

  const key = createPublicKey(scene.sts.key)
  let held: { x5t: string; key: typeof key; notAfter?: Date } | undefined = { x5t: scene.sts.x5t, key }
  const issuers = [{ realm, findKey: () => held }]
  const direct = makeValidator({ issuers, audience: bench.audience, partners: [granted] })
  for (let time = 0; time < 3; time += 1) expect(await direct.validator.validate(bench.actor())).toMatchObject({ kind: 'app' })
  held = { x5t: scene.sts.x5t, key, notAfter: new Date(scene.now * 1000) }
  await expect(direct.validator.validate(bench.actor())).rejects.toMatchObject({ code: 'certificate_not_valid' })
  held = { x5t: scene.sts.x5t, key: createPublicKey(scene.attacker.key) }
  await expect(direct.validator.validate(bench.actor())).rejects.toMatchObject({ code: 'signature_invalid' })
  held = undefined
  await expect(direct.validator.validate(bench.actor())).rejects.toMatchObject({ code: 'key_unknown' })
})

test('a key that the issuer withdraws is refused within ten minutes, and a service that is down says nothing about the token', async () => {
  const { scene: own, server: ownServer, options: ownOptions } = makeActorScene()
  const clock = { now: own.now }
  const validator = createActorTokenValidator({ ...ownOptions, clock: () => new Date(clock.now * 1000) })
  const token = new ActorBench(own).user({ claims: { exp: own.now + 3000 } })
  ownServer.down = true
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'keys_unavailable' })
  ownServer.down = false
  clock.now += 30
  for (let time = 0; time < 3; time += 1) expect(await validator.validate(token)).toMatchObject({ kind: 'user' })
  ownServer.documents.set('https://sts.example/contoso/keys', { keys: [publishedJwk(own.endedSts)] })
  clock.now += 600
  await expect(validator.validate(token)).rejects.toMatchObject({ code: 'key_unknown' })
})

test('a published key whose certificate is of another key, or under another x5t, signs nothing here', async () => {
  for (const bent of [
    { ...publishedJwk(scene.sts), x5t: scene.attacker.x5t, kid: 'other' },
    { ...publishedJwk(scene.sts), x5t: undefined, x5c: undefined },
    { ...publishedJwk(scene.attacker), kid: scene.sts.x5t, x5t: scene.sts.x5t, x5c: publishedJwk(scene.sts).x5c },
  ]) {
    const { scene: own, server: ownServer, options: ownOptions } = makeActorScene()
    ownServer.documents.set('https://sts.example/contoso/keys', { keys: [bent] })
    const validator = createActorTokenValidator({
      ...ownOptions,
      issuers: ownOptions.issuers.slice(0, 1),
      audience: bench.audience,
      partners: [granted],
    })
    expect(own.realm).toBe(realm)
    await expect(validator.validate(bench.actor())).rejects.toMatchObject({ name: 'ActorTokenError' })
  }
})

test('a trusted claims provider counts where it is named', async () => {
  const { validator } = makeValidator({
    trustedProviders: ['corp'],
    findUser: ({ nameid }) => people.filter(({ id }) => id === nameid),
  })
  const claims = { upn: undefined, smtp: undefined, nameid: 'mary', nii: 'trusted:corp' }
  expect(await validator.validate(bench.user({ claims }))).toMatchObject({ user: { id: 'mary' } })
  const other = { ...claims, nii: 'trusted:corp2' }
  await expect(validator.validate(bench.user({ claims: other }))).rejects.toMatchObject({ code: 'user_namespace_not_allowed' })
})

test('the claims are handed on frozen and without the actor token', async () => {
  const { validator } = makeValidator()
  const accepted = await validator.validate(bench.user({ claims: { x_trace: 'abc' } }))
  expect(accepted.kind === 'user' && accepted.claims).toMatchObject({ upn: users.good.upn, x_trace: 'abc' })
  expect(accepted.kind === 'user' && 'actortoken' in accepted.claims).toBe(false)
  expect(
    Object.isFrozen(accepted) && accepted.kind === 'user' && Object.isFrozen(accepted.claims) && Object.isFrozen(accepted.actor),
  ).toBe(true)
})

test('options that make no sense are said at once', () => {
  const issuer = { realm, issuer: 'https://sts.example/contoso' }
  const wrong: readonly Partial<ActorTokenValidatorOptions<Person>>[] = [
    { audience: [] },
    { audience: 'id@realm' },
    { audience: `${scene.own.clientId}/host@unknown-realm` },
    { issuers: [issuer, issuer] },
    { issuers: [{ realm, issuer: 'http://sts.example/contoso' }] },
    { maxActorSeconds: 3601 },
    { clockToleranceSeconds: -1 },
    { partners: [{ clientId: 'a', realm, metadataUrl: 'https://a.example/metadata' }] },
  ]
  for (const more of wrong) expect(() => makeValidator(more), JSON.stringify(more)).toThrow(TypeError)
})
