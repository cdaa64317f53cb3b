import { ActorBench, signServerText } from '@postern/conformance/hostile-tokens'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeActorScene } from '../testing/actor-scene.ts'
import { createActorTokenValidator } from './actor-token.ts'
import { ActorTokenError } from './errors.ts'

const { scene, server, options } = makeActorScene()
const bench = new ActorBench(scene)
const validator = createActorTokenValidator(options)
await validator.prepare()
const askedAtStart = server.asked.length
const { now, realm, partner, users } = scene

/** True if it is accepted; anything thrown that is not a refusal goes through. */
async function isAccepted(token: string): Promise<boolean> {
  try {
    await validator.validate(token, { secure: true })
    return true
  } catch (error) {
    if (error instanceof ActorTokenError) return false
    throw error
  }
}

const anyCase = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((up) => [...text].map((c, i) => (up[i] ? c.toUpperCase() : c)).join(''))

/** JSON without the names that are refused at any depth because they reach a prototype. */
const harmlessValue = fc
  .jsonValue({ maxDepth: 3 })
  .filter((value) => !/"(?:__proto__|constructor|prototype)"/.test(JSON.stringify(value)))

test('a pair that keeps the rules is accepted, whatever else it says', async () => {
  const pair = fc.record({
    actorStart: fc.integer({ min: now - 3000, max: now + 30 }),
    actorLife: fc.integer({ min: 1, max: 3600 }),
    outerStart: fc.integer({ min: now - 5000, max: now + 30 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    host: anyCase(scene.own.host),
    asText: fc.boolean(),
    who: fc.constantFrom<Record<string, string>>(
      { upn: users.good.upn },
      { smtp: users.good.upn.toUpperCase() },
      { nameid: users.good.sid, nii: 'urn:office:idp:activedirectory' },
      {
        upn: users.good.upn,
        smtp: users.good.upn,
        sip: users.good.upn,
        nameid: users.good.sid,
        nii: 'urn:office:idp:activedirectory',
      },
    ),
    jti: fc.option(fc.string({ minLength: 1, maxLength: 64 }), { nil: undefined }),
    extra: fc.dictionary(fc.stringMatching(/^x_[a-z]{1,8}$/), harmlessValue, { maxKeys: 3 }),
  })
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(pair, async ({ actorStart, actorLife, outerStart, share, host, asText, who, jti, extra }) => {
      const actorEnd = actorStart + actorLife
      const outerEnd = Math.max(now + 1, Math.floor(now + 1 + share * (actorEnd - now - 1)))
      fc.pre(actorEnd > now && outerEnd <= actorEnd && outerEnd > outerStart)
      const time = (value: number): number | string => (asText ? String(value) : value)
      const aud = `${scene.own.clientId}/${host}@${realm}`
      const actor = { aud, nbf: time(actorStart), iat: time(actorStart), exp: time(actorEnd), jti }
      const claims = { upn: undefined, smtp: undefined, nameid: undefined, nii: undefined, ...who, ...extra }
      const outer = { aud, nbf: time(outerStart), exp: time(outerEnd), ...claims, actortoken: bench.actor({ claims: actor }) }
      expect(await validator.validate(bench.user({ claims: outer }))).toMatchObject({ kind: 'user', user: { id: 'mary' } })
      accepted += 1
    }),
    { numRuns: 80 },
  )
  expect(accepted).toBeGreaterThanOrEqual(80)
})

const bindings = {
  outer: ['iss', 'aud', 'exp', 'nbf', 'upn', 'smtp', 'nameid', 'nii'],
  actor: ['iss', 'aud', 'nameid', 'identityprovider', 'exp', 'nbf', 'iat', 'trustedfordelegation'],
} as const

/** What a value of another token, another realm or another time may look like. */
const foreign = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    undefined,
    now - 4000,
    now + 4000,
    `${now + 4000}`,
    '*',
    bench.nameid(scene.otherPartner),
    `${partner.clientId}@${scene.otherRealm}`,
    `${scene.own.clientId}/${scene.own.host}@${scene.otherRealm}`,
    users.foreign.upn,
    users.foreign.sid,
    users.second.upn,
    'true ',
    'urn:federation:MicrosoftOnline',
  ),
)

/** Values that leave the token as good as it was: an absent or an in-range one says nothing against it. */
function isHarmless(where: 'outer' | 'actor', name: string, value: unknown): boolean {
  const good = JSON.parse(where === 'outer' ? bench.userClaims() : bench.actorClaims()) as Record<string, unknown>
  if (value === good[name] || value === String(good[name])) return true
  const optional = where === 'outer' ? ['upn', 'smtp', 'nameid'] : ['identityprovider', 'iat']
  if (value === undefined && optional.includes(name)) return true
  if (['upn', 'smtp'].includes(name)) return typeof value === 'string' && value.toLowerCase() === good[name]
  const time = typeof value === 'string' && /^[1-9]\d*$/.test(value) ? Number(value) : value
  // An earlier start says nothing against a user token: only its end is bound to the actor token.
  return where === 'outer' && name === 'nbf' && typeof time === 'number' && time > 0 && time <= now + 30
}

test('a pair with one binding member changed is refused, though it is signed again with the right keys', async () => {
  const change = fc.oneof(
    fc.record({ where: fc.constant('outer' as const), name: fc.constantFrom(...bindings.outer), value: foreign }),
    fc.record({ where: fc.constant('actor' as const), name: fc.constantFrom(...bindings.actor), value: foreign }),
  )
  await fc.assert(
    fc.asyncProperty(change, async ({ where, name, value }) => {
      fc.pre(!isHarmless(where, name, value))
      const claims = where === 'outer' ? { [name]: value } : { actortoken: bench.actor({ claims: { [name]: value } }) }
      expect(await isAccepted(bench.user({ claims }))).toBe(false)
    }),
    { numRuns: 250 },
  )
})

test('a good pair with one character changed is refused, without a fault', async () => {
  const good = bench.user()
  const inner = bench.actor()
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(...'ABab01-_.= \n\u0000'), fc.boolean(), async (at, character, inside) => {
      const text = inside ? inner : good
      const index = at % text.length
      fc.pre(text[index] !== character)
      const changed = text.slice(0, index) + character + text.slice(index + 1)
      expect(await isAccepted(inside ? bench.user({ claims: { actortoken: changed } }) : changed)).toBe(false)
    }),
    { numRuns: 200 },
  )
})

test('nothing that can be sent is a fault: strings, things that are no strings, and signed JSON of any shape', async () => {
  const signedAnything = fc
    .tuple(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }))
    .map(([header, claims]) => signServerText(JSON.stringify(header), JSON.stringify(claims), partner.key))
  const rightHeader = fc.dictionary(
    fc.constantFrom(...bindings.outer, 'actortoken', 'ver', 'scp', 'tid', 'appid', 'jti'),
    fc.jsonValue(),
  )
  const signedClaims = rightHeader.map((claims) => signServerText(bench.userHeader(), JSON.stringify(claims), partner.key))
  const aroundActor = rightHeader.map((claims) => bench.user({ claims: { ...claims, actortoken: bench.actor() } }))
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: 'binary' }), fc.anything(), signedAnything, signedClaims, aroundActor),
      async (token) => {
        await isAccepted(token as string)
      },
    ),
    { numRuns: 250 },
  )
})

test('none of all this made anybody ask the network', () => {
  expect(server.asked.length).toBe(askedAtStart)
})
