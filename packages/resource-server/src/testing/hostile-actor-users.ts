/** Hostile server-to-server tokens A23 to A30, A50: whom they speak for. All rightly bound and signed. */
import type { ActorBench, HostileActorToken, Members } from './actor-bench.ts'

export function hostileActorUsers(bench: ActorBench): readonly HostileActorToken[] {
  const { users, otherRealm, otherSts, own, partner, otherPartner, unsignedPartner, realm } = bench.scene
  const { good, second, foreign } = users
  const activeDirectory = 'urn:office:idp:activedirectory'
  const online = 'urn:federation:MicrosoftOnline'
  /** Nobody is named but by these members. */
  const named = (
    id: string,
    name: string,
    claims: Members,
    expect: HostileActorToken['expect'],
    says: string,
  ): HostileActorToken => ({
    id,
    name,
    token: bench.user({ claims: { upn: undefined, smtp: undefined, nameid: undefined, nii: undefined, ...claims } }),
    expect,
    says,
  })
  const otherIssuer = `00000001-0000-0000-c000-000000000000@${otherRealm}`
  const foreignActor = bench.actor({
    key: otherSts,
    claims: { iss: otherIssuer, identityprovider: otherIssuer, nameid: `${partner.clientId}@${otherRealm}` },
  })
  // A server of the other realm that has the id of a partner in ours: everything is right there, and it was granted nothing.
  const aud = `${own.clientId}/${own.host}@${otherRealm}`
  const namesakeOf = ({ clientId }: { clientId: string }): string => `${clientId}@${otherRealm}`
  const actorOfNamesake = (of: { clientId: string }): string =>
    bench.actor({ key: otherSts, claims: { aud, iss: otherIssuer, identityprovider: otherIssuer, nameid: namesakeOf(of) } })
  const aroundNamesake = (of: { clientId: string }): Members => ({
    aud,
    iss: namesakeOf(of),
    actortoken: actorOfNamesake(of),
    upn: foreign.upn,
    smtp: undefined,
    nameid: undefined,
    nii: undefined,
  })

  return [
    named('A23', 'a user of another realm, by address', { upn: foreign.upn }, 'user_unknown', 'by {"upn"'),
    named(
      'A23-sid',
      'a user of another realm, by SID',
      { nameid: foreign.sid, nii: activeDirectory },
      'user_unknown',
      'by {"nameid"',
    ),
    named('A23-puid', 'a user of another realm, by PUID', { nameid: foreign.puid, nii: online }, 'user_unknown', 'by {"nameid"'),
    {
      id: 'A23-actor',
      name: 'an actor of another realm, rightly issued there, around a user of ours (CVE-2025-55241)',
      token: bench.user({ claims: { iss: `${partner.clientId}@${otherRealm}`, actortoken: foreignActor } }),
      expect: 'realm_mismatch',
      says: 'actor token: aud',
    },
    {
      id: 'A23-namesake',
      name: 'a server of another realm with the id and the key of a partner of ours, for a user there',
      token: bench.user({ key: otherPartner.key, claims: aroundNamesake(otherPartner) }),
      expect: 'partner_unknown',
      says: namesakeOf(otherPartner),
    },
    {
      id: 'A23-namesake-app',
      name: 'the same by itself, where the partner of ours may come by itself',
      token: actorOfNamesake(otherPartner),
      expect: 'partner_unknown',
      says: namesakeOf(otherPartner),
    },
    {
      id: 'A23-namesake-unsigned',
      name: 'the same unsigned over TLS, where the partner of ours may',
      token: bench.unsigned({ claims: aroundNamesake(unsignedPartner) }),
      expect: 'partner_unknown',
      says: namesakeOf(unsignedPartner),
      request: { secure: true },
    },
    named('A23-tid', 'the other realm in tid', { upn: good.upn, tid: otherRealm }, 'realm_mismatch', 'user token: tid'),
    named(
      'A24',
      'upn of another realm with the SID of ours',
      { upn: foreign.upn, nameid: good.sid, nii: activeDirectory },
      'user_unknown',
      'by {"upn"',
    ),
    named(
      'A24-back',
      'upn of ours with the SID of another realm',
      { upn: good.upn, nameid: foreign.sid, nii: activeDirectory },
      'user_unknown',
      'by {"nameid"',
    ),
    named(
      'A24-smtp',
      'smtp of another realm with upn of ours',
      { upn: good.upn, smtp: foreign.upn },
      'user_unknown',
      'by {"smtp"',
    ),
    named(
      'A25',
      'nameid and upn of two users',
      { upn: good.upn, nameid: second.sid, nii: activeDirectory },
      'user_ambiguous',
      'of two accounts',
    ),
    named('A25-smtp', 'upn and smtp of two users', { upn: good.upn, smtp: second.upn }, 'user_ambiguous', 'of two accounts'),
    named('A26', 'nii not in the list', { nameid: good.sid, nii: 'urn:evil' }, 'user_namespace_not_allowed', 'urn:evil'),
    named('A26-list', 'nii a list', { nameid: good.sid, nii: [activeDirectory] }, 'claim_invalid', 'nii'),
    named('A26-missing', 'nameid without nii', { nameid: good.sid }, 'claim_missing', 'nii'),
    named('A26-swapped', 'a SID where a PUID is due', { nameid: good.sid, nii: online }, 'claim_invalid', `nameid "${good.sid}"`),
    named(
      'A26-swapped-back',
      'a PUID where a SID is due',
      { nameid: second.puid, nii: activeDirectory },
      'claim_invalid',
      `nameid "${second.puid}"`,
    ),
    named(
      'A26-upn',
      'a good upn beside a nii that is not in the list',
      { upn: good.upn, nii: 'urn:evil:too' },
      'user_namespace_not_allowed',
      'urn:evil:too',
    ),
    named(
      'A26-trusted',
      'a trusted claims provider, none is configured',
      { nameid: 'mary', nii: 'trusted:provider' },
      'user_namespace_not_allowed',
      'trusted:provider',
    ),
    named('A27', 'user not found', { upn: users.unknown }, 'user_unknown', 'user token: by {"upn"'),
    named('A27-none', 'nobody named', {}, 'user_missing', 'none of'),
    named('A27-form', 'upn without a domain', { upn: 'mary' }, 'claim_invalid', 'upn "mary"'),
    named('A27-look-alike', 'upn with a look-alike letter', { upn: `m\u0430ry${good.upn.slice(4)}` }, 'claim_invalid', 'upn'),
    named('A27-object', 'upn an object', { upn: { like: '%' } }, 'claim_invalid', 'upn {'),
    named('A28', 'two matches', { upn: users.ambiguous }, 'user_ambiguous', '2 by {"upn"'),
    named('A29', 'a disabled user', { upn: users.disabled }, 'user_inactive', 'account'),
    named('A30', 'an administrator that nobody may act for', { upn: users.administrator }, 'user_excluded', 'account'),
    named(
      'A50',
      'an address where a SID is due',
      { nameid: good.upn, nii: activeDirectory },
      'claim_invalid',
      `nameid "${good.upn}"`,
    ),
    named(
      'A50-case',
      'a SID in upper case',
      { nameid: good.sid.toUpperCase(), nii: activeDirectory },
      'claim_invalid',
      'nameid "S-1',
    ),
    named(
      'A50-principal',
      'the actor itself as the user',
      { nameid: `${partner.clientId}@${realm}`, nii: activeDirectory },
      'claim_invalid',
      `nameid "${partner.clientId}`,
    ),
  ]
}
