/** Hostile server-to-server tokens A23 to A30, A50: whom they speak for. All rightly bound and signed. */
import type { ActorBench, Members, RefusedPair } from './actor-bench.ts'

export function actorUsers(bench: ActorBench): readonly RefusedPair[] {
  const { users, otherRealm, otherSts, own, partner, otherPartner, unsignedPartner, realm } = bench.scene
  const { good, second, foreign } = users
  const activeDirectory = 'urn:office:idp:activedirectory'
  const online = 'urn:federation:MicrosoftOnline'
  /** Nobody is named but by these members. */
  const named = (id: string, title: string, claims: Members): RefusedPair => ({
    id,
    title,
    make: () => bench.user({ claims: { upn: undefined, smtp: undefined, nameid: undefined, nii: undefined, ...claims } }),
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
    named('A23', 'a user of another realm, by address', { upn: foreign.upn }),
    named('A23-sid', 'a user of another realm, by SID', { nameid: foreign.sid, nii: activeDirectory }),
    named('A23-puid', 'a user of another realm, by PUID', { nameid: foreign.puid, nii: online }),
    {
      id: 'A23-actor',
      title: 'an actor of another realm, rightly issued there, around a user of ours (CVE-2025-55241)',
      make: () => bench.user({ claims: { iss: `${partner.clientId}@${otherRealm}`, actortoken: foreignActor } }),
    },
    {
      id: 'A23-namesake',
      title: 'a server of another realm with the id and the key of a partner of ours, for a user there',
      make: () => bench.user({ key: otherPartner.key, claims: aroundNamesake(otherPartner) }),
    },
    {
      id: 'A23-namesake-app',
      title: 'the same by itself, where the partner of ours may come by itself',
      make: () => actorOfNamesake(otherPartner),
    },
    {
      id: 'A23-namesake-unsigned',
      title: 'the same unsigned over TLS, where the partner of ours may',
      make: () => bench.unsigned({ claims: aroundNamesake(unsignedPartner) }),
      request: { secure: true },
    },
    named('A23-tid', 'the other realm in tid', { upn: good.upn, tid: otherRealm }),
    named('A24', 'upn of another realm with the SID of ours', { upn: foreign.upn, nameid: good.sid, nii: activeDirectory }),
    named('A24-back', 'upn of ours with the SID of another realm', { upn: good.upn, nameid: foreign.sid, nii: activeDirectory }),
    named('A24-smtp', 'smtp of another realm with upn of ours', { upn: good.upn, smtp: foreign.upn }),
    named('A25', 'nameid and upn of two users', { upn: good.upn, nameid: second.sid, nii: activeDirectory }),
    named('A25-smtp', 'upn and smtp of two users', { upn: good.upn, smtp: second.upn }),
    named('A26', 'nii not in the list', { nameid: good.sid, nii: 'urn:evil' }),
    named('A26-list', 'nii a list', { nameid: good.sid, nii: [activeDirectory] }),
    named('A26-missing', 'nameid without nii', { nameid: good.sid }),
    named('A26-swapped', 'a SID where a PUID is due', { nameid: good.sid, nii: online }),
    named('A26-swapped-back', 'a PUID where a SID is due', { nameid: second.puid, nii: activeDirectory }),
    named('A26-upn', 'a good upn beside a nii that is not in the list', { upn: good.upn, nii: 'urn:evil:too' }),
    named('A26-trusted', 'a trusted claims provider, none is configured', { nameid: 'mary', nii: 'trusted:provider' }),
    named('A27', 'user not found', { upn: users.unknown }),
    named('A27-none', 'nobody named', {}),
    named('A27-form', 'upn without a domain', { upn: 'mary' }),
    named('A27-look-alike', 'upn with a look-alike letter', { upn: `m\u0430ry${good.upn.slice(4)}` }),
    named('A27-object', 'upn an object', { upn: { like: '%' } }),
    named('A28', 'two matches', { upn: users.ambiguous }),
    named('A29', 'a disabled user', { upn: users.disabled }),
    named('A30', 'an administrator that nobody may act for', { upn: users.administrator }),
    named('A50', 'an address where a SID is due', { nameid: good.upn, nii: activeDirectory }),
    named('A50-case', 'a SID in upper case', { nameid: good.sid.toUpperCase(), nii: activeDirectory }),
    named('A50-principal', 'the actor itself as the user', { nameid: `${partner.clientId}@${realm}`, nii: activeDirectory }),
  ]
}
