/** Hostile server-to-server tokens A31 to A33, A41, A44, A46 to A49: rightly made, and not granted here. */
import type { ActorBench, HostileActorToken, Members } from './actor-bench.ts'

export function hostileActorGrants(bench: ActorBench): readonly HostileActorToken[] {
  const { ungrantedPartner, limitedPartner, partner } = bench.scene
  const actorWith = (claims: Members): string => bench.user({ claims: { actortoken: bench.actor({ claims }) } })
  const trust = (id: string, name: string, value: unknown): HostileActorToken => ({
    id,
    name,
    token: actorWith({ trustedfordelegation: value }),
    expect: 'delegation_missing',
    says: 'trustedfordelegation',
  })
  const mark = (id: string, name: string, claims: Members, says: string): HostileActorToken => ({
    id,
    name,
    token: bench.user({ claims }),
    expect: 'type_mismatch',
    says,
  })
  const stranger = { clientId: '99999999-0000-0000-0000-000000000000', key: partner.key }

  return [
    trust('A31', 'trustedfordelegation missing', undefined),
    trust('A32', 'trustedfordelegation true', true),
    trust('A32-case', 'trustedfordelegation "True"', 'True'),
    trust('A32-one', 'trustedfordelegation "1"', '1'),
    trust('A32-false', 'trustedfordelegation "false"', 'false'),
    trust('A32-list', 'trustedfordelegation ["true"]', ['true']),
    trust('A32-space', 'trustedfordelegation "true "', 'true '),
    {
      id: 'A31-outer',
      name: 'trustedfordelegation in the user token alone',
      token: bench.user({
        claims: { trustedfordelegation: 'true', actortoken: bench.actor({ claims: { trustedfordelegation: undefined } }) },
      }),
      expect: 'delegation_missing',
      says: 'trustedfordelegation',
    },
    {
      id: 'A33',
      name: 'a partner that may act for nobody here',
      token: bench.userOf(ungrantedPartner),
      expect: 'act_as_not_granted',
      says: ungrantedPartner.clientId,
    },
    {
      id: 'A33-operation',
      name: 'a partner in an operation that it was not granted',
      token: bench.userOf(limitedPartner),
      expect: 'operation_not_granted',
      says: 'SendMail by',
      request: { operation: 'SendMail' },
    },
    {
      id: 'A33-unnamed',
      name: 'a partner with listed operations where none is named',
      token: bench.userOf(limitedPartner),
      expect: 'operation_not_granted',
      says: 'no operation by',
    },
    {
      id: 'A41',
      name: 'the actor token by itself, of a partner that may not use it so',
      token: bench.actorOf(ungrantedPartner),
      expect: 'app_only_not_granted',
      says: ungrantedPartner.clientId,
    },
    {
      id: 'A41-upn',
      name: 'the actor token by itself, with a person in it',
      token: bench.actor({ claims: { upn: bench.scene.users.good.upn } }),
      expect: 'type_mismatch',
      says: 'it names a person: upn',
    },
    {
      id: 'A41-outer',
      name: 'a user token of the partner without an actor token',
      token: bench.user({ claims: { actortoken: null } }),
      expect: 'issuer_mismatch',
      says: `actor token: iss "${bench.nameid()}"`,
    },
    {
      id: 'A44',
      name: 'a server that is not, or no longer, a partner here',
      token: bench.userOf(stranger),
      expect: 'partner_unknown',
      says: stranger.clientId,
    },
    {
      id: 'A46',
      name: 'an unsigned token over a connection without TLS',
      token: bench.unsigned(),
      expect: 'connection_not_secure',
      says: 'user token',
      request: { secure: false },
    },
    {
      id: 'A46-untold',
      name: 'an unsigned token over a connection of which nothing is known',
      token: bench.unsigned(),
      expect: 'connection_not_secure',
      says: 'user token',
    },
    mark('A47', 'ver hashedprooftoken (CVE-2023-29357)', { ver: 'hashedprooftoken' }, 'user token: ver "hashedprooftoken"'),
    mark('A47-loopback', 'isloopback', { isloopback: true }, 'user token: isloopback'),
    mark('A47-loopback-false', 'isloopback false', { isloopback: false }, 'user token: isloopback'),
    {
      id: 'A47-inner',
      name: 'ver hashedprooftoken in the actor token',
      token: actorWith({ ver: 'hashedprooftoken' }),
      expect: 'type_mismatch',
      says: 'actor token: ver "hashedprooftoken"',
    },
    mark('A47-app', 'the app-only version around a user', { ver: 'service_asserted_app_v1' }, 'user token: ver'),
    {
      id: 'A48',
      name: 'app_asserted_user_v1 without delegation',
      token: bench.user({
        claims: { ver: 'app_asserted_user_v1', actortoken: bench.actor({ claims: { trustedfordelegation: undefined } }) },
      }),
      expect: 'delegation_missing',
      says: 'trustedfordelegation',
    },
    {
      id: 'A48-appid',
      name: 'app_asserted_user_v1 with the appid of another',
      token: bench.user({ claims: { ver: 'app_asserted_user_v1', appid: bench.scene.otherPartner.clientId } }),
      expect: 'actor_mismatch',
      says: 'user token: appid',
    },
    { id: 'A49', name: 'an empty scp', token: actorWith({ scp: '' }), expect: 'nothing_granted', says: 'actor token: empty scp' },
    {
      id: 'A49-roles',
      name: 'empty roles',
      token: actorWith({ roles: [] }),
      expect: 'nothing_granted',
      says: 'actor token: empty roles',
    },
    {
      id: 'A49-outer',
      name: 'an empty scp in the user token',
      token: bench.user({ claims: { ver: 'app_asserted_user_v1', scp: ' ' } }),
      expect: 'nothing_granted',
      says: 'user token: empty scp',
    },
  ]
}
