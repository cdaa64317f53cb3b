import { expect, test } from 'vitest'
import type { JsonObject } from '../strict-json.ts'
import { refusal } from '../testing/refusal.ts'
import { type ActorRules, readActor, readJti, requireCommonClaims, requireOwnAudience } from './actor-claims.ts'

const now = 1_800_000_000
const realm = '11111111-aaaa-4aaa-8aaa-111111111111'
const otherRealm = '22222222-bbbb-4bbb-8bbb-222222222222'
const sts = `00000001-0000-0000-c000-000000000000@${realm}`
const audience = `00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@${realm}`
const otherAudience = audience.replace(realm, otherRealm)
const rules: ActorRules = {
  audiences: new Map([
    [audience, realm],
    [otherAudience, otherRealm],
  ]),
  toleranceSeconds: 30,
  maxActorSeconds: 3600,
}
const claims: JsonObject = {
  aud: audience,
  nameid: `partner@${realm}`,
  nbf: now - 10,
  exp: now + 290,
  trustedfordelegation: 'true',
}
const read = (changes: Record<string, unknown> = {}) => {
  const changed = { ...claims, ...changes }
  return readActor(JSON.parse(JSON.stringify(changed)) as JsonObject, { principal: sts, realm }, rules, now)
}

test('an actor token says which server acts, until when, and whether for people', () => {
  const expected = { clientId: 'partner', realm, nameid: `partner@${realm}`, trustedForDelegation: true }
  const { actor, ...rest } = read()
  expect(actor).toStrictEqual({ ...expected, expiresAt: new Date((now + 290) * 1000) })
  expect(rest).toStrictEqual({ audience, delegation: 'true', startsAt: now - 10, endsAt: now + 290 })
  expect(read({ jti: 'one', iat: now - 20 })).toMatchObject({ actor: { jti: 'one' }, startsAt: now - 20 })
  expect(read({ identityprovider: sts, tid: realm, appid: 'partner', ver: 'service_asserted_app_v1' })).toMatchObject({
    actor: expected,
  })
  expect(Object.isFrozen(read().actor) && Object.isFrozen(read())).toBe(true)
})

test.for([
  [undefined, 'undefined'],
  [true, 'true'],
  ['True', '"True"'],
  ['false', '"false"'],
  ['', '""'],
])('only the string "true" is trust: %j is not', ([said, delegation]) => {
  expect(read({ trustedfordelegation: said })).toMatchObject({ actor: { trustedForDelegation: false }, delegation })
})

test.for<readonly [Record<string, unknown>, string]>([
  [{ aud: undefined }, 'claim_missing: actor token: aud'],
  [{ aud: [audience] }, 'claim_invalid: actor token: aud is not one string'],
  [{ aud: 'id@realm' }, 'audience_mismatch: actor token: "id@realm" is not client_id/host@realm'],
  [{ aud: `x/y@${realm}` }, `audience_mismatch: actor token: "x/y@${realm}"`],
  [{ aud: otherAudience }, `realm_mismatch: actor token: aud "${otherAudience}"`],
  [{ nameid: undefined }, 'claim_missing: actor token: nameid'],
  [{ nameid: 7 }, 'claim_invalid: actor token: nameid is not a string'],
  [{ nameid: 'partner' }, 'claim_invalid: actor token: nameid "partner" is not client_id@realm'],
  [{ nameid: `a/b@${realm}` }, `claim_invalid: actor token: nameid "a/b@${realm}" is not client_id@realm`],
  [{ nameid: 'a b' }, 'claim_invalid: actor token: nameid "a b" is not client_id@realm'],
  [{ nameid: `partner@${otherRealm}` }, `realm_mismatch: actor token: nameid "partner@${otherRealm}"`],
  [{ identityprovider: 'x' }, 'issuer_mismatch: actor token: identityprovider "x"'],
  [{ upn: 'a@b' }, 'type_mismatch: actor token: it names a person: upn'],
  [{ smtp: 'a@b' }, 'type_mismatch: actor token: it names a person: smtp'],
  [{ sip: 'a@b' }, 'type_mismatch: actor token: it names a person: sip'],
  [{ nii: 'x' }, 'type_mismatch: actor token: it names a person: nii'],
  [{ nbf: undefined }, 'claim_missing: actor token: nbf'],
  [{ exp: now }, `token_expired: actor token: exp ${now}`],
  [{ nbf: now + 31, exp: now + 60 }, `token_not_yet_valid: actor token: nbf ${now + 31}, iat ${now + 31}`],
  [{ exp: now + 3591 }, 'lifetime_too_long: actor token: 3601 s'],
  [{ jti: '' }, 'claim_invalid: actor token: jti is not a short string'],
  [{ ver: 'app_asserted_user_v1' }, 'type_mismatch: actor token: ver "app_asserted_user_v1"'],
  [{ isloopback: false }, 'type_mismatch: actor token: isloopback'],
])('%j is refused: %s', ([changes, expected]) => {
  expect(refusal(() => read(changes))).toBe(expected)
})

test('the longest life is accepted to the second', () => {
  expect(read({ exp: now + 3590 })).toMatchObject({ endsAt: now + 3590 })
  expect(read({ nbf: now + 30, exp: now + 60 })).toMatchObject({ startsAt: now + 30 })
})

const actor = { clientId: 'partner', realm, nameid: `partner@${realm}`, expiresAt: new Date(0), trustedForDelegation: true }
const common = (given: JsonObject) => refusal(() => requireCommonClaims(given, 'user token', 'v1', actor))

test('what both tokens may say must agree with the actor, and a grant of nothing is told from none', () => {
  const good: readonly JsonObject[] = [
    {},
    { ver: 'v1', tid: realm, appid: 'partner' },
    { scp: 'a' },
    { roles: ['a'] },
    { scp: ['a'] },
  ]
  for (const given of good) expect(common(given), JSON.stringify(given)).toBe('accepted')
  for (const empty of ['', ' \t', [], {}, null, 0, true]) {
    expect(common({ scp: empty })).toBe('nothing_granted: user token: empty scp')
    expect(common({ roles: empty })).toBe('nothing_granted: user token: empty roles')
  }
  expect(common({ ver: 'v2' })).toBe('type_mismatch: user token: ver "v2"')
  expect(common({ isloopback: true })).toBe('type_mismatch: user token: isloopback')
  expect(common({ tid: otherRealm })).toBe(`realm_mismatch: user token: tid "${otherRealm}"`)
  expect(common({ appid: 'Partner' })).toBe('actor_mismatch: user token: appid "Partner"')
})

test('an audience is ours in any letter case of the host alone', () => {
  const own = (aud: string) => requireOwnAudience({ aud }, 'user token', rules.audiences)
  expect(own(audience)).toBe(audience)
  expect(own(audience.replace('mail.contoso', 'MAIL.Contoso'))).toBe(audience)
  expect(refusal(() => own(audience.replace('0ff1', '0FF1')))).toMatch(/^audience_mismatch: user token: "/)
})

test('a jti is absent or a string of 1 to 512 characters', () => {
  expect(readJti({}, 'user token')).toBeUndefined()
  for (const jti of ['j', 'j'.repeat(512)]) expect(readJti({ jti }, 'user token')).toBe(jti)
  for (const jti of ['', 'j'.repeat(513), 7, null, {}, ['j'], []])
    expect(refusal(() => readJti({ jti }, 'user token'))).toBe('claim_invalid: user token: jti is not a short string')
})
