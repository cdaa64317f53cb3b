/** Hostile server-to-server tokens A8 to A22, A37 to A42: who issued what for whom, and until when. */
import { type ActorBench, type HostileActorToken, type Members, signServerText } from './actor-bench.ts'

export function hostileActorBindings(bench: ActorBench): readonly HostileActorToken[] {
  const { scene } = bench
  const { own, realm, otherRealm, otherSts, partner, otherPartner, now } = scene
  const stsId = '00000001-0000-0000-c000-000000000000'
  type Expected = Pick<HostileActorToken, 'expect' | 'says'>
  const outer = (id: string, name: string, claims: Members, expected: Expected): HostileActorToken => ({
    id,
    name,
    token: bench.user({ claims }),
    ...expected,
  })
  const inner = (id: string, name: string, claims: Members, expected: Expected): HostileActorToken =>
    outer(id, name, { actortoken: bench.actor({ claims }) }, expected)
  /** Both tokens agree on an audience that is not ours. */
  const audience = (
    id: string,
    name: string,
    aud: unknown,
    expect: HostileActorToken['expect'],
    says: string,
  ): HostileActorToken => outer(id, name, { aud, actortoken: bench.actor({ claims: { aud } }) }, { expect, says })
  const mismatch = (says: string): Expected => ({ expect: 'actor_mismatch', says })
  const rawTime = (id: string, name: string, value: unknown): HostileActorToken =>
    outer(
      id,
      name,
      { exp: value },
      { expect: 'claim_invalid', says: `user token: exp ${(JSON.stringify(value) ?? '').slice(0, 40)}` },
    )
  /** A number that JSON.stringify would not write. */
  const spelledTime = (id: string, number: string): HostileActorToken => ({
    id,
    name: `exp ${number}`,
    token: signServerText(bench.userHeader(), bench.userClaims({ exp: 0 }).replace('"exp":0', `"exp":${number}`), partner.key),
    expect: 'claim_invalid',
    says: 'user token: exp',
  })
  const audienceOf = (changes: Partial<{ clientId: string; host: string; realm: string }>): string => {
    const parts = { ...own, realm, ...changes }
    return `${parts.clientId}/${parts.host}@${parts.realm}`
  }
  const otherIssuer = `${stsId}@${otherRealm}`

  return [
    inner(
      'A8',
      'inner of an issuer that is not trusted',
      { iss: `${stsId}@evil.example` },
      { expect: 'issuer_mismatch', says: 'evil.example' },
    ),
    inner(
      'A8-id',
      'inner of another principal of the realm',
      { iss: bench.nameid(otherPartner) },
      { expect: 'issuer_mismatch', says: otherPartner.clientId },
    ),
    inner(
      'A8-case',
      'inner of the issuer in other letter case',
      { iss: `${stsId.toUpperCase()}@${realm}` },
      { expect: 'issuer_mismatch', says: 'C000' },
    ),
    inner('A8-star', 'inner of the issuer of any realm', { iss: `${stsId}@*` }, { expect: 'issuer_mismatch', says: '@*' }),
    {
      id: 'A8-realm',
      name: 'inner of the trusted service of another realm, for a server of ours',
      token: bench.user({
        claims: { actortoken: bench.actor({ key: otherSts, claims: { iss: otherIssuer, identityprovider: otherIssuer } }) },
      }),
      expect: 'realm_mismatch',
      says: 'actor token: nameid',
    },
    inner(
      'A8-provider',
      'identityprovider is not iss',
      { identityprovider: otherIssuer },
      { expect: 'issuer_mismatch', says: 'identityprovider' },
    ),
    outer(
      'A9',
      'outer iss is not the nameid of the actor',
      { iss: bench.nameid(otherPartner) },
      mismatch(`iss "${bench.nameid(otherPartner)}"`),
    ),
    outer('A10', 'outer iss in other letter case', { iss: bench.nameid().toUpperCase() }, mismatch(bench.nameid().toUpperCase())),
    outer('A11', 'outer iss is the iss of the actor token', { iss: `${stsId}@${realm}` }, mismatch(stsId)),
    outer('A12', 'outer iss with a space behind', { iss: `${bench.nameid()} ` }, mismatch(`${bench.nameid()} "`)),
    outer('A12-nul', 'outer iss with a NUL behind', { iss: `${bench.nameid()}\u0000` }, mismatch('\\u0000')),
    outer('A12-missing', 'no outer iss', { iss: undefined }, { expect: 'claim_missing', says: 'user token: iss' }),
    outer('A12-list', 'outer iss a list', { iss: [bench.nameid()] }, { expect: 'claim_invalid', says: 'user token: iss' }),
    audience('A13', 'aud of one part', own.clientId, 'audience_mismatch', `"${own.clientId}"`),
    audience(
      'A14',
      'aud of two parts, no realm',
      `${own.clientId}/${own.host}`,
      'audience_mismatch',
      `"${own.clientId}/${own.host}"`,
    ),
    audience(
      'A14-host',
      'aud of two parts, no host',
      `${own.clientId}@${realm}`,
      'audience_mismatch',
      `"${own.clientId}@${realm}"`,
    ),
    audience('A15', 'aud of another server', audienceOf({ host: 'other.example' }), 'audience_mismatch', 'other.example'),
    audience(
      'A17',
      'client id of aud in other letter case',
      audienceOf({ clientId: own.clientId.toUpperCase() }),
      'audience_mismatch',
      own.clientId.toUpperCase(),
    ),
    audience(
      'A18',
      'realm of aud in other letter case',
      audienceOf({ realm: realm.toUpperCase() }),
      'audience_mismatch',
      realm.toUpperCase(),
    ),
    audience(
      'A19',
      'aud of a realm that is not served',
      audienceOf({ realm: 'evil.example' }),
      'audience_mismatch',
      '@evil.example',
    ),
    audience(
      'A19-served',
      'aud of the other realm that is served',
      audienceOf({ realm: otherRealm }),
      'realm_mismatch',
      'actor token: aud',
    ),
    audience('A20', 'aud with a third path part', audienceOf({ host: `${own.host}/extra` }), 'audience_mismatch', '/extra'),
    audience('A20-at', 'aud with two realms', `${audienceOf({})}@${realm}`, 'audience_mismatch', 'is not client_id/host@realm'),
    audience('A20-list', 'aud a list with ours', [audienceOf({})], 'claim_invalid', 'actor token: aud'),
    audience('A20-missing', 'no aud', undefined, 'claim_missing', 'actor token: aud'),
    outer(
      'A21',
      'outer aud is ours, inner aud of another server',
      { actortoken: bench.actor({ claims: { aud: audienceOf({ host: 'inner.example' }) } }) },
      { expect: 'audience_mismatch', says: 'actor token: "' },
    ),
    outer(
      'A21-outer',
      'inner aud is ours, outer aud of another server',
      { aud: audienceOf({ host: 'outer.example' }) },
      { expect: 'audience_mismatch', says: 'user token: "' },
    ),
    outer(
      'A21-realm',
      'inner aud is ours, outer aud ours in the other realm',
      { aud: audienceOf({ realm: otherRealm }) },
      { expect: 'audience_mismatch', says: 'is not that of the actor token' },
    ),
    audience(
      'A22',
      'aud as the Host header would say it',
      audienceOf({ host: 'mail.evil.example:443' }),
      'audience_mismatch',
      'mail.evil.example:443',
    ),
    inner(
      'A37',
      'inner expired, outer valid',
      { nbf: now - 3600, iat: now - 3600, exp: now - 1 },
      { expect: 'token_expired', says: 'actor token' },
    ),
    inner('A37-now', 'inner ends this very second', { exp: now }, { expect: 'token_expired', says: `actor token: exp ${now}` }),
    outer('A37-outer', 'outer expired', { nbf: now - 600, exp: now - 1 }, { expect: 'token_expired', says: 'user token' }),
    outer(
      'A37-future',
      'outer not valid yet',
      { nbf: now + 31, exp: now + 300 },
      { expect: 'token_not_yet_valid', says: 'user token' },
    ),
    inner(
      'A37-inner-future',
      'inner not valid yet',
      { nbf: now + 31, iat: now + 31 },
      { expect: 'token_not_yet_valid', says: 'actor token' },
    ),
    outer('A38', 'outer lives a second longer than inner', { exp: now + 3481 }, { expect: 'outlives_actor', says: 'user token' }),
    inner(
      'A39',
      'inner lives a second longer than an hour',
      { exp: now - 60 + 3601 },
      { expect: 'lifetime_too_long', says: '3601 s' },
    ),
    inner(
      'A39-day',
      'inner lives a day, as in 2025',
      { exp: now - 60 + 86_700 },
      { expect: 'lifetime_too_long', says: '86700 s' },
    ),
    inner(
      'A39-hidden',
      'inner hides its age behind nbf',
      { iat: now - 7200, nbf: now - 60 },
      { expect: 'lifetime_too_long', says: '10680 s' },
    ),
    rawTime('A40', 'exp "1e10"', '1e10'),
    rawTime('A40-space', 'exp with a space in front', ` ${now + 300}`),
    rawTime('A40-hex', 'exp in hex', `0x${(now + 300).toString(16)}`),
    rawTime('A40-negative', 'exp negative', `-${now + 300}`),
    rawTime('A40-number-negative', 'exp a negative number', -now),
    rawTime('A40-plus', 'exp with a plus', `+${now + 300}`),
    rawTime('A40-zero', 'exp with a leading zero', `0${now + 300}`),
    rawTime('A40-fraction', 'exp with a fraction', `${now + 300}.0`),
    rawTime('A40-number-fraction', 'exp a number with a fraction', now + 300.5),
    rawTime('A40-milliseconds', 'exp in milliseconds', String((now + 300) * 1000)),
    rawTime('A40-digits', 'exp in digits of another script', '\u0661\u0668\u0660\u0660\u0660\u0660\u0660\u0663\u0660\u0660'),
    rawTime('A40-null', 'exp null', null),
    rawTime('A40-list', 'exp a list', [now + 300]),
    spelledTime('A40-infinite', '1e400'),
    outer('A40-missing', 'no exp', { exp: undefined }, { expect: 'claim_missing', says: 'user token: exp' }),
    outer('A40-no-nbf', 'no nbf', { nbf: undefined }, { expect: 'claim_missing', says: 'user token: nbf' }),
    inner('A40-inner', 'inner exp "1e10"', { exp: '1e10' }, { expect: 'claim_invalid', says: 'actor token: exp "1e10"' }),
    outer(
      'A40-order',
      'exp before nbf',
      { nbf: now + 20, exp: now + 10 },
      { expect: 'claim_invalid', says: 'user token: exp is not after' },
    ),
    outer(
      'A42',
      'outer of one actor around the inner of another',
      { actortoken: bench.actorOf(otherPartner) },
      mismatch(`actor "${bench.nameid(otherPartner)}"`),
    ),
    {
      id: 'A42-named',
      name: 'the same, with iss made to fit and signed by the first',
      token: bench.user({ claims: { iss: bench.nameid(otherPartner), actortoken: bench.actorOf(otherPartner) } }),
      expect: 'key_unknown',
      says: `user token: x5t ${partner.key.x5t} is not of ${otherPartner.clientId}`,
    },
  ]
}
