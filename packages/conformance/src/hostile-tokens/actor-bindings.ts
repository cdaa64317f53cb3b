/** Hostile server-to-server tokens A8 to A22, A37 to A42: who issued what for whom, and until when. */
import { type ActorBench, type Members, type RefusedPair, signServerText } from './actor-bench.ts'

export function actorBindings(bench: ActorBench): readonly RefusedPair[] {
  const { scene } = bench
  const { own, realm, otherRealm, otherSts, partner, otherPartner, now } = scene
  const stsId = '00000001-0000-0000-c000-000000000000'
  const outer = (id: string, title: string, claims: Members): RefusedPair => ({ id, title, make: () => bench.user({ claims }) })
  const inner = (id: string, title: string, claims: Members): RefusedPair => ({
    id,
    title,
    make: () => bench.user({ claims: { actortoken: bench.actor({ claims }) } }),
  })
  /** Both tokens agree on an audience that is not ours. */
  const audience = (id: string, title: string, aud: unknown): RefusedPair => ({
    id,
    title,
    make: () => bench.user({ claims: { aud, actortoken: bench.actor({ claims: { aud } }) } }),
  })
  const rawTime = (id: string, title: string, value: unknown): RefusedPair => outer(id, title, { exp: value })
  /** A number that JSON.stringify would not write. */
  const spelledTime = (id: string, number: string): RefusedPair => ({
    id,
    title: `exp ${number}`,
    make: () =>
      signServerText(bench.userHeader(), bench.userClaims({ exp: 0 }).replace('"exp":0', `"exp":${number}`), partner.key),
  })
  const audienceOf = (changes: Partial<{ clientId: string; host: string; realm: string }>): string => {
    const parts = { ...own, realm, ...changes }
    return `${parts.clientId}/${parts.host}@${parts.realm}`
  }
  const otherIssuer = `${stsId}@${otherRealm}`

  return [
    inner('A8', 'inner of an issuer that is not trusted', { iss: `${stsId}@evil.example` }),
    inner('A8-id', 'inner of another principal of the realm', { iss: bench.nameid(otherPartner) }),
    inner('A8-case', 'inner of the issuer in other letter case', { iss: `${stsId.toUpperCase()}@${realm}` }),
    inner('A8-star', 'inner of the issuer of any realm', { iss: `${stsId}@*` }),
    {
      id: 'A8-realm',
      title: 'inner of the trusted service of another realm, for a server of ours',
      make: () =>
        bench.user({
          claims: { actortoken: bench.actor({ key: otherSts, claims: { iss: otherIssuer, identityprovider: otherIssuer } }) },
        }),
    },
    inner('A8-provider', 'identityprovider is not iss', { identityprovider: otherIssuer }),
    outer('A9', 'outer iss is not the nameid of the actor', { iss: bench.nameid(otherPartner) }),
    outer('A10', 'outer iss in other letter case', { iss: bench.nameid().toUpperCase() }),
    outer('A11', 'outer iss is the iss of the actor token', { iss: `${stsId}@${realm}` }),
    outer('A12', 'outer iss with a space behind', { iss: `${bench.nameid()} ` }),
    outer('A12-nul', 'outer iss with a NUL behind', { iss: `${bench.nameid()}\u0000` }),
    outer('A12-missing', 'no outer iss', { iss: undefined }),
    outer('A12-list', 'outer iss a list', { iss: [bench.nameid()] }),
    audience('A13', 'aud of one part', own.clientId),
    audience('A14', 'aud of two parts, no realm', `${own.clientId}/${own.host}`),
    audience('A14-host', 'aud of two parts, no host', `${own.clientId}@${realm}`),
    audience('A15', 'aud of another server', audienceOf({ host: 'other.example' })),
    audience('A17', 'client id of aud in other letter case', audienceOf({ clientId: own.clientId.toUpperCase() })),
    audience('A18', 'realm of aud in other letter case', audienceOf({ realm: realm.toUpperCase() })),
    audience('A19', 'aud of a realm that is not served', audienceOf({ realm: 'evil.example' })),
    audience('A19-served', 'aud of the other realm that is served', audienceOf({ realm: otherRealm })),
    audience('A20', 'aud with a third path part', audienceOf({ host: `${own.host}/extra` })),
    audience('A20-at', 'aud with two realms', `${audienceOf({})}@${realm}`),
    audience('A20-list', 'aud a list with ours', [audienceOf({})]),
    audience('A20-missing', 'no aud', undefined),
    outer('A21', 'outer aud is ours, inner aud of another server', {
      actortoken: bench.actor({ claims: { aud: audienceOf({ host: 'inner.example' }) } }),
    }),
    outer('A21-outer', 'inner aud is ours, outer aud of another server', { aud: audienceOf({ host: 'outer.example' }) }),
    outer('A21-realm', 'inner aud is ours, outer aud ours in the other realm', { aud: audienceOf({ realm: otherRealm }) }),
    audience('A22', 'aud as the Host header would say it', audienceOf({ host: 'mail.evil.example:443' })),
    inner('A37', 'inner expired, outer valid', { nbf: now - 3600, iat: now - 3600, exp: now - 1 }),
    inner('A37-now', 'inner ends this very second', { exp: now }),
    outer('A37-outer', 'outer expired', { nbf: now - 600, exp: now - 1 }),
    outer('A37-future', 'outer not valid yet', { nbf: now + 90, exp: now + 300 }),
    inner('A37-inner-future', 'inner not valid yet', { nbf: now + 90, iat: now + 90 }),
    outer('A38', 'outer lives a second longer than inner', { exp: now + 3481 }),
    inner('A39', 'inner lives a second longer than an hour', { exp: now - 60 + 3601 }),
    inner('A39-day', 'inner lives a day, as in 2025', { exp: now - 60 + 86_700 }),
    inner('A39-hidden', 'inner hides its age behind nbf', { iat: now - 7200, nbf: now - 60 }),
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
    outer('A40-missing', 'no exp', { exp: undefined }),
    outer('A40-no-nbf', 'no nbf', { nbf: undefined }),
    inner('A40-inner', 'inner exp "1e10"', { exp: '1e10' }),
    outer('A40-order', 'exp before nbf', { nbf: now + 20, exp: now + 10 }),
    outer('A42', 'outer of one actor around the inner of another', { actortoken: bench.actorOf(otherPartner) }),
    {
      id: 'A42-named',
      title: 'the same, with iss made to fit and signed by the first',
      make: () => bench.user({ claims: { iss: bench.nameid(otherPartner), actortoken: bench.actorOf(otherPartner) } }),
    },
  ]
}
