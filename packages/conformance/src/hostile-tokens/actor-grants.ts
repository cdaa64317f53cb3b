/** Hostile server-to-server tokens A31 to A33, A41, A44, A46 to A49: rightly made, and not granted here. */
import type { ActorBench, Members, RefusedPair } from './actor-bench.ts'

export function actorGrants(bench: ActorBench): readonly RefusedPair[] {
  const { ungrantedPartner, limitedPartner, partner } = bench.scene
  const actorWith = (claims: Members): string => bench.user({ claims: { actortoken: bench.actor({ claims }) } })
  const trust = (id: string, title: string, value: unknown): RefusedPair => ({
    id,
    title,
    make: () => actorWith({ trustedfordelegation: value }),
  })
  const mark = (id: string, title: string, claims: Members): RefusedPair => ({ id, title, make: () => bench.user({ claims }) })
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
      title: 'trustedfordelegation in the user token alone',
      make: () =>
        bench.user({
          claims: { trustedfordelegation: 'true', actortoken: bench.actor({ claims: { trustedfordelegation: undefined } }) },
        }),
    },
    {
      id: 'A33',
      title: 'a partner that may act for nobody here',
      make: () => bench.userOf(ungrantedPartner),
    },
    {
      id: 'A33-operation',
      title: 'a partner in an operation that it was not granted',
      make: () => bench.userOf(limitedPartner),
      request: { operation: 'SendMail' },
    },
    {
      id: 'A33-unnamed',
      title: 'a partner with listed operations where none is named',
      make: () => bench.userOf(limitedPartner),
    },
    {
      id: 'A41',
      title: 'the actor token by itself, of a partner that may not use it so',
      make: () => bench.actorOf(ungrantedPartner),
    },
    {
      id: 'A41-upn',
      title: 'the actor token by itself, with a person in it',
      make: () => bench.actor({ claims: { upn: bench.scene.users.good.upn } }),
    },
    {
      id: 'A41-outer',
      title: 'a user token of the partner without an actor token',
      make: () => bench.user({ claims: { actortoken: null } }),
    },
    {
      id: 'A44',
      title: 'a server that is not, or no longer, a partner here',
      make: () => bench.userOf(stranger),
    },
    {
      id: 'A46',
      title: 'an unsigned token over a connection without TLS',
      make: () => bench.unsigned(),
      request: { secure: false },
    },
    {
      id: 'A46-untold',
      title: 'an unsigned token over a connection of which nothing is known',
      make: () => bench.unsigned(),
    },
    mark('A47', 'ver hashedprooftoken (CVE-2023-29357)', { ver: 'hashedprooftoken' }),
    mark('A47-loopback', 'isloopback', { isloopback: true }),
    mark('A47-loopback-false', 'isloopback false', { isloopback: false }),
    {
      id: 'A47-inner',
      title: 'ver hashedprooftoken in the actor token',
      make: () => actorWith({ ver: 'hashedprooftoken' }),
    },
    mark('A47-app', 'the app-only version around a user', { ver: 'service_asserted_app_v1' }),
    {
      id: 'A48',
      title: 'app_asserted_user_v1 without delegation',
      make: () =>
        bench.user({
          claims: { ver: 'app_asserted_user_v1', actortoken: bench.actor({ claims: { trustedfordelegation: undefined } }) },
        }),
    },
    {
      id: 'A48-appid',
      title: 'app_asserted_user_v1 with the appid of another',
      make: () => bench.user({ claims: { ver: 'app_asserted_user_v1', appid: bench.scene.otherPartner.clientId } }),
    },
    { id: 'A49', title: 'an empty scp', make: () => actorWith({ scp: '' }) },
    {
      id: 'A49-roles',
      title: 'empty roles',
      make: () => actorWith({ roles: [] }),
    },
    {
      id: 'A49-outer',
      title: 'an empty scp in the user token',
      make: () => bench.user({ claims: { ver: 'app_asserted_user_v1', scp: ' ' } }),
    },
  ]
}
