import { expect, test } from 'vitest'
import type { JsonObject } from '../strict-json.ts'
import { refusal } from '../testing/refusal.ts'
import type { ActorRules, VerifiedActor } from './actor-claims.ts'
import { readUserToken, requireBinding } from './user-token.ts'

const now = 1_800_000_000
const realm = '11111111-aaaa-4aaa-8aaa-111111111111'
const audience = `own/mail.contoso.com@${realm}`
const second = `own/other.contoso.com@${realm}`
const rules: ActorRules = {
  audiences: new Map([
    [audience, realm],
    [second, realm],
  ]),
  toleranceSeconds: 30,
  maxActorSeconds: 3600,
}
const verified: VerifiedActor = {
  actor: {
    clientId: 'partner',
    realm,
    nameid: `partner@${realm}`,
    expiresAt: new Date((now + 290) * 1000),
    trustedForDelegation: true,
  },
  audience,
  delegation: 'true',
  startsAt: now - 10,
  endsAt: now + 290,
}
const upn = 'mary@contoso.com'
const directory = 'urn:office:idp:activedirectory'
const federation = 'urn:federation:MicrosoftOnline'
const trustedProviders = new Set(['corp'])
const life = { nbf: now - 10, exp: now + 290 }
const read = (claims: JsonObject) =>
  readUserToken({ ...life, ...claims }, verified, { toleranceSeconds: 30, trustedProviders }, now)
const refused = (claims: JsonObject) => refusal(() => read(claims))

test('the binding is the name of the actor letter by letter, and its audience', () => {
  const bind = (claims: JsonObject) => refusal(() => requireBinding(claims, verified, rules))
  const iss = `partner@${realm}`
  expect(bind({ iss, aud: audience })).toBe('accepted')
  expect(bind({ iss, aud: audience.replace('mail', 'MAIL') })).toBe('accepted')
  expect(bind({ aud: audience })).toBe('claim_missing: user token: iss')
  expect(bind({ iss: [iss], aud: audience })).toBe('claim_invalid: user token: iss is not a string')
  expect(bind({ iss: iss.toUpperCase(), aud: audience })).toBe(
    `actor_mismatch: user token: iss "${iss.toUpperCase()}", actor "${iss}"`,
  )
  expect(bind({ iss })).toBe('claim_missing: user token: aud')
  expect(bind({ iss, aud: second })).toBe(`audience_mismatch: user token: aud "${second}" is not that of the actor token`)
})

test('a user token is handed on without its actor token, frozen', () => {
  const given = { ...life, upn, jti: 'one', actortoken: 'x.y.z', trace: 'abc' }
  const token = read(given)
  expect(token).toStrictEqual({
    contexts: [{ upn }],
    name: upn,
    jti: 'one',
    endsAt: now + 290,
    claims: { ...life, upn, jti: 'one', trace: 'abc' },
  })
  expect(Object.isFrozen(token.claims) && Object.isFrozen(token.contexts) && Object.isFrozen(token.contexts[0])).toBe(true)
})

test('names that agree are asked for together, each other one by itself', () => {
  const smtp = 'mary.m@contoso.com'
  const sip = 'mary@sip.contoso.com'
  const nameid = 's-1-5-21-1'
  const contexts = (claims: JsonObject) => read(claims).contexts
  expect(contexts({ upn, smtp: upn, sip: upn })).toStrictEqual([{ upn, smtp: upn, sip: upn }])
  expect(contexts({ upn, smtp, sip })).toStrictEqual([{ upn }, { smtp }, { sip }])
  expect(contexts({ upn, smtp, sip: smtp })).toStrictEqual([{ upn }, { smtp, sip: smtp }])
  expect(contexts({ upn, smtp, sip: upn })).toStrictEqual([{ upn, sip: upn }, { smtp }])
  expect(contexts({ upn: upn.toUpperCase(), smtp: upn })).toStrictEqual([{ upn, smtp: upn }])
  expect(contexts({ sip, nameid, nii: directory })).toStrictEqual([{ sip }, { nameid, nii: directory }])
  expect(contexts({ upn, nii: directory })).toStrictEqual([{ upn }])
})

test('the trail names upn, else smtp, else sip, else nameid', () => {
  const all = { upn: 'u@c', smtp: 'm@c', sip: 's@c', nameid: 's-1-5-21', nii: directory }
  const { upn: _u, ...noUpn } = all
  const { smtp: _m, ...noSmtp } = noUpn
  const { sip: _s, ...noSip } = noSmtp
  expect([all, noUpn, noSmtp, noSip].map((claims) => read(claims).name)).toEqual(['u@c', 'm@c', 's@c', 's-1-5-21'])
  expect(refused({})).toBe('user_missing: user token: none of upn, smtp, sip, nameid')
  expect(refused({ nii: directory })).toBe('user_missing: user token: none of upn, smtp, sip, nameid')
})

const longest = `${'a'.repeat(308)}@contoso.com`

test('an address is visible ASCII on both sides of one @, at most 320 characters', () => {
  expect(longest.length).toBe(320)
  for (const good of [longest, 'a@b', '!?~@[]']) expect(read({ upn: good }).name).toBe(good)
  for (const name of ['upn', 'smtp', 'sip'])
    for (const bad of [
      `a${longest}`,
      '',
      '@',
      'a@',
      '@b',
      'a@b@c',
      'a b@c',
      ' a@b',
      'a@b ',
      'a@b\n',
      'märy@b',
      'a@ü',
      7,
      null,
      ['a@b'],
    ])
      expect(refused({ [name]: bad })).toBe(
        `claim_invalid: user token: ${name} ${JSON.stringify(bad).slice(0, 120)} is not an address`,
      )
})

test('a directory names people by SID in lower case', () => {
  const nii = directory
  const parts = '-1234567890'.repeat(15)
  for (const nameid of ['s-1-5-21', `s-1-123456789012345${parts}`])
    expect(read({ nameid, nii }).contexts).toStrictEqual([{ nameid, nii }])
  for (const nameid of [
    's-1-5',
    'S-1-5-21',
    'xs-1-5-21',
    's-1-5-21x',
    's-1-5-21-',
    's-1-1234567890123456-1',
    's-1-5-12345678901',
    `s-1-5${parts}-1`,
    's-1--21',
    's-1-x-21',
    's-1-5-x',
    's-2-5-21',
    7,
    null,
    ['s-1-5-21'],
  ])
    expect(refused({ nameid, nii })).toBe(
      `claim_invalid: user token: nameid ${JSON.stringify(nameid).slice(0, 120)} is not of the namespace "${nii}"`,
    )
})

test('a federation names people by 16 hex digits, which are one in any letter case', () => {
  const nii = federation
  expect(read({ nameid: '10032001E2CBE43B', nii }).contexts).toStrictEqual([{ nameid: '10032001e2cbe43b', nii }])
  for (const nameid of ['10032001e2cbe43', '10032001e2cbe43b0', '10032001e2cbe43g', 'x10032001e2cbe43b', 's-1-5-21'])
    expect(refused({ nameid, nii })).toMatch(/^claim_invalid: user token: nameid ".*" is not of the namespace "urn:federation/)
})

test('a trusted provider names people as it likes, in visible ASCII, letter case kept', () => {
  const nii = 'trusted:corp'
  for (const nameid of ['Mary', 'm', 'm'.repeat(320)]) expect(read({ nameid, nii }).contexts).toStrictEqual([{ nameid, nii }])
  for (const nameid of ['', 'mary m', ' mary', 'mary ', 'm'.repeat(321), 'märy', 7])
    expect(refused({ nameid, nii })).toMatch(/^claim_invalid: user token: nameid .* is not of the namespace "trusted:corp"$/)
  for (const other of ['trusted:corp2', 'trusted:', 'corp', 'Trusted:corp', 'xtrusted:corp', 'urn:other'])
    expect(refused({ nameid: 'mary', nii: other })).toBe(`user_namespace_not_allowed: user token: nii "${other}"`)
  expect(refused({ nameid: 'mary' })).toBe('claim_missing: user token: nii')
  expect(refused({ nameid: 'mary', nii: 7 })).toBe('claim_invalid: user token: nii is not a string')
})

test.for<readonly [JsonObject, string]>([
  [{ actor: 'x' }, 'actor_nested: user token: actor beside actortoken'],
  [{ ver: 'service_asserted_app_v1' }, 'type_mismatch: user token: ver "service_asserted_app_v1"'],
  [{ tid: 'x' }, 'realm_mismatch: user token: tid "x"'],
  [{ exp: now }, `token_expired: user token: exp ${now}`],
  [{ nbf: now + 31 }, `token_not_yet_valid: user token: nbf ${now + 31}, iat ${now + 31}`],
  [{ exp: now + 291 }, `outlives_actor: user token: exp ${now + 291}, actor ${now + 290}`],
  [{ jti: '' }, 'claim_invalid: user token: jti is not a short string'],
])('%j is refused: %s', ([changes, expected]) => {
  expect(refused({ upn, ...changes })).toBe(expected)
})

test('the version of user tokens passes', () => {
  expect(read({ upn, ver: 'app_asserted_user_v1' }).jti).toBeUndefined()
})
