import { createHash, generateKeyPairSync } from 'node:crypto'
import { ActorBench } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { makeActorScene, type Person } from '../testing/actor-scene.ts'
import { refusalLater } from '../testing/refusal.ts'
import { createActorTokenValidator } from './actor-token.ts'
import type { ActorPartner, ActorTokenRequest, ActorTokenUse, ActorTokenValidatorOptions } from './actor-token-contract.ts'

const { scene, options } = makeActorScene()
const bench = new ActorBench(scene)
const { partner, realm, otherRealm, users } = scene
const nameid = bench.nameid()
type More = Partial<ActorTokenValidatorOptions<Person>>

const make = (more: More = {}) => createActorTokenValidator<Person>({ ...options, ...more })
/** Listed alone, so that one issuer is enough. */
const single = (changes: Partial<ActorPartner>, more: More = {}) =>
  make({
    issuers: options.issuers.slice(0, 1),
    audience: bench.audience,
    partners: [{ clientId: partner.clientId, certificates: [partner.key.der], actAs: {}, appOnly: true, ...changes }],
    ...more,
  })
const said = (validator: ReturnType<typeof make>, token: string, request?: ActorTokenRequest) =>
  refusalLater(validator.validate(token, request))
const shared = make()

test('what the token service did not say and what is not granted here is told by the name of the server', async () => {
  const user = (claims: Record<string, unknown>, outer: Record<string, unknown> = {}) =>
    said(shared, bench.user({ claims: { actortoken: bench.actor({ claims }), ...outer } }))
  expect(await user({ trustedfordelegation: undefined })).toBe(
    'delegation_missing: actor token: trustedfordelegation is undefined',
  )
  expect(await user({ trustedfordelegation: 'false' }, { ver: 'app_asserted_user_v1' })).toBe(
    'delegation_missing: actor token: trustedfordelegation is "false" under "app_asserted_user_v1"',
  )
  const { ungrantedPartner, limitedPartner } = scene
  expect(await said(shared, bench.userOf(ungrantedPartner))).toBe(
    `act_as_not_granted: actor token: ${bench.nameid(ungrantedPartner)}`,
  )
  const limited = (operation?: string) =>
    said(shared, bench.userOf(limitedPartner), operation === undefined ? undefined : { operation })
  expect(await limited('FreeBusy')).toBe('accepted')
  expect(await limited('Send')).toBe(`operation_not_granted: actor token: Send by ${bench.nameid(limitedPartner)}`)
  expect(await limited()).toBe(`operation_not_granted: actor token: no operation by ${bench.nameid(limitedPartner)}`)
  // Where nothing is limited, an operation need not be named and may be any.
  expect(await said(shared, bench.user(), { operation: 'Send' })).toBe('accepted')
  expect(await said(single({ actAs: { operations: [] } }), bench.user(), { operation: '' })).toBe(
    `operation_not_granted: actor token:  by ${nameid}`,
  )
  expect(await said(single({ appOnly: false }), bench.actor())).toBe(`app_only_not_granted: actor token: ${nameid}`)
})

test('a token that nobody signed needs the switch of its partner and TLS', async () => {
  const { unsignedPartner } = scene
  const secure = { secure: true }
  expect(await said(shared, bench.unsigned(), secure)).toBe('accepted')
  expect(await said(shared, bench.unsigned())).toBe(`connection_not_secure: user token: ${unsignedPartner.clientId}`)
  const of = { iss: nameid, actortoken: bench.actor() }
  expect(await said(shared, bench.unsigned({ claims: of }), secure)).toBe(`unsigned_not_allowed: user token: ${partner.clientId}`)
  expect(await said(shared, bench.unsigned({ claims: { actortoken: null } }), secure)).toBe(
    'algorithm_not_allowed: user token: alg "none" and no actor token',
  )
  for (const actortoken of [7, {}, [bench.actor()], ''])
    expect(await said(shared, bench.user({ claims: { actortoken } }))).toBe(
      actortoken === ''
        ? 'token_malformed: actor token: not three parts'
        : 'claim_invalid: user token: actortoken is not a string',
    )
})

test('what the issuer says of an actor token is told, by itself and around a person', async () => {
  const { oneTime: _, ...rest } = options
  for (const token of [bench.actor(), bench.user()]) {
    const answered = (answer: 'active' | 'inactive' | 'unavailable') =>
      said(make({ ...rest, status: { check: async () => answer } }), token)
    expect(await answered('active')).toBe('accepted')
    expect(await answered('inactive')).toBe('token_withdrawn: actor token: the issuer says inactive')
    expect(await answered('unavailable')).toBe('status_unavailable: actor token: the issuer does not answer')
  }
})

test('the mark of a one-time token is its issuer with its jti, or else with its digest', async () => {
  const claimed: (readonly [string, Date])[] = []
  const validator = (isFirst: boolean) =>
    make({
      oneTime: {
        claim: async (...mark) => {
          claimed.push(mark)
          return isFirst
        },
      },
    })
  const named = bench.user({ claims: { jti: 'one' } })
  const unnamed = bench.user()
  for (const token of [named, unnamed]) expect(await said(validator(true), token)).toBe('accepted')
  const until = new Date((scene.now + 300) * 1000)
  const digest = createHash('sha256').update(unnamed).digest('base64url')
  expect(claimed).toEqual([
    [`${nameid} =one`, until],
    [`${nameid} #${digest}`, until],
  ])
  expect(await said(validator(false), named)).toBe('token_replayed: user token: the same jti')
  expect(await said(validator(false), unnamed)).toBe('token_replayed: user token: the same token')
})

test('a weak key of a partner is a fault, and no token is believed by it', async () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const validator = single({ certificates: [], keys: [{ x5t: partner.key.x5t, key }] })
  await expect(validator.validate(bench.user())).rejects.toThrow(/^A registered key must not be used: /)
})

test('a report has the members that were verified and no others, and a fault is no decision', async () => {
  const uses: ActorTokenUse[] = []
  const validator = make({
    onUse: (use) => uses.push(use),
    findUser: () => {
      throw new RangeError('the table of people is gone')
    },
  })
  await validator.validate(bench.actor({ claims: { jti: undefined } }))
  await said(validator, bench.user({ key: scene.attacker }))
  const at = new Date(scene.now * 1000)
  const actor = { actor: nameid, realm, audience: bench.audience }
  expect(uses).toStrictEqual([
    { at, outcome: 'allowed', form: 'app', ...actor },
    { at, outcome: 'refused', form: 'signed', reason: 'key_unknown', ...actor, jti: 'actor-1' },
  ])
  expect(uses.every((use) => Object.isFrozen(use))).toBe(true)
  await expect(validator.validate(bench.user())).rejects.toBeInstanceOf(RangeError)
  expect(uses.length).toBe(2)
})

test('a refusal stands where nobody is told of it, or telling fails in an odd way', async () => {
  expect(await said(make(), 'x')).toMatch(/^token_malformed: user token: /)
  const problems: string[] = []
  const odd: unknown = 'no error'
  const validator = make({
    onUse: () => {
      throw odd
    },
    onProblem: (problem) => problems.push(problem),
  })
  expect(await said(validator, 'x')).toMatch(/^token_malformed: user token: /)
  expect(problems).toEqual(['refusal not reported: unknown reason'])
})

test.for<readonly [More, string]>([
  [{ audience: [] }, 'audience must not be empty'],
  [{ audience: 'id@realm' }, 'audience id@realm must be client_id/host@realm'],
  [{ audience: 'id/host@elsewhere' }, 'audience id/host@elsewhere is of a realm without issuer'],
  [{ issuers: [...options.issuers, ...options.issuers] }, `realm ${realm} is given twice`],
  [{ clockToleranceSeconds: 301 }, 'clockToleranceSeconds must be a whole number from 0 to 300'],
  [{ clockToleranceSeconds: -1 }, 'clockToleranceSeconds must be a whole number from 0 to 300'],
  [{ maxActorSeconds: 3601 }, 'maxActorSeconds must be a whole number from 1 to 3600'],
  [{ maxActorSeconds: 0 }, 'maxActorSeconds must be a whole number from 1 to 3600'],
  [{ rememberTokens: -1 }, 'rememberTokens must be a whole number from 0 to 10000000'],
  [{ rememberTokens: 10_000_001 }, 'rememberTokens must be a whole number from 0 to 10000000'],
  [
    {
      partners: [
        { clientId: 'a', realm },
        { clientId: 'b', realm, metadataUrl: 'https://b.example/1' },
      ],
    },
    'metadataHosts must name the hosts of metadataUrl',
  ],
])('options that make no sense are said at once: %#', ([more, message]) => {
  expect(() => make(more)).toThrow(new TypeError(message))
})

test('plain http is for this machine alone, and only where that is asked for', () => {
  const issuers = [
    { realm, issuer: 'http://localhost:1/contoso' },
    { realm: otherRealm, issuer: 'https://sts.example/fabrikam' },
  ]
  expect(() => make({ issuers })).toThrow(/^The issuer http:\/\/localhost:1\/contoso must be an https URL/)
  expect(() => make({ issuers, allowInsecureLoopback: true })).not.toThrow()
})

test('a partner on the inside is asked for its document only where that is allowed', async () => {
  const document = {
    realm,
    serviceName: partner.clientId,
    issuer: nameid,
    keys: [{ keyvalue: { type: 'x509Certificate', value: Buffer.from(partner.key.der).toString('base64') } }],
  }
  const from = (address: string, more: More = {}) =>
    single(
      { certificates: [], metadataUrl: `https://${address}/1` },
      {
        metadataHosts: [address],
        fetch: async (input, init) =>
          String(input).includes(address) ? Response.json(document) : (options.fetch ?? fetch)(input, init),
        ...more,
      },
    )
  const refused = `keys_unavailable: user token: metadata of ${partner.clientId}`
  expect(await said(from('9.9.9.9'), bench.user())).toBe('accepted')
  expect(await said(from('10.0.0.1'), bench.user())).toBe(refused)
  expect(await said(from('10.0.0.1', { allowPrivateNetwork: true }), bench.user())).toBe('accepted')
  expect(await said(from('127.0.0.1'), bench.user())).toBe(refused)
  expect(await said(from('127.0.0.1', { allowInsecureLoopback: true }), bench.user())).toBe('accepted')
  expect(await said(from('9.9.9.9', { metadataHosts: ['8.8.8.8'] }), bench.user())).toBe(refused)
})

test('no provider is trusted, and no life is longer than an hour, unless that is said', async () => {
  const nii = 'trusted:corp'
  const named = bench.user({ claims: { upn: undefined, smtp: undefined, nameid: users.good.sid, nii } })
  expect(await said(shared, named)).toBe(`user_namespace_not_allowed: user token: nii "${nii}"`)
  const life = (seconds: number) => bench.actor({ claims: { nbf: scene.now, iat: scene.now, exp: scene.now + seconds } })
  expect(await said(shared, life(3600))).toBe('accepted')
  expect(await said(shared, life(3601))).toBe('lifetime_too_long: actor token: 3601 s')
  const strict = make({ maxActorSeconds: 60, clockToleranceSeconds: 0 })
  expect(await said(strict, life(60))).toBe('accepted')
  expect(await said(strict, life(61))).toBe('lifetime_too_long: actor token: 61 s')
  const ahead = { nbf: scene.now + 1, iat: scene.now + 1, exp: scene.now + 60 }
  expect(await said(strict, bench.actor({ claims: ahead }))).toMatch(/^token_not_yet_valid: /)
  expect(await said(shared, bench.actor({ claims: ahead }))).toBe('accepted')
})
