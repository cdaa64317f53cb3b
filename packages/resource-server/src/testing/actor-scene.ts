/** A scene for hostile server-to-server tokens: a realm and another, servers with certificates, people, and a validator's options. */

import type { ActorScene, ServerKey } from '@postern/conformance/hostile-tokens'
import type { ActorPartner, ActorTokenUser, ActorTokenValidatorOptions } from '../server-to-server/actor-token-contract.ts'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import type { UserContext } from '../server-to-server/user-token.ts'
import { DocumentServer } from './fake-issuer.ts'
import { makeSelfSigned } from './self-signed.ts'

export type Person = ActorTokenUser & Readonly<{ names: readonly string[] }>

const now = 1_800_000_000
const ended = new Date((now - 86_400) * 1000)

/** Made once for all scenes of a process: a key takes a while. */
const keys = Object.freeze({
  sts: makeSelfSigned('sts'),
  otherSts: makeSelfSigned('other sts'),
  endedSts: makeSelfSigned('ended sts', { notAfter: ended }),
  partner: makeSelfSigned('partner'),
  endedPartner: makeSelfSigned('ended partner', { notAfter: ended }),
  otherPartner: makeSelfSigned('other partner'),
  namesake: makeSelfSigned('namesake'),
  ungranted: makeSelfSigned('ungranted'),
  limited: makeSelfSigned('limited'),
  attacker: makeSelfSigned('attacker'),
})

/** The JWK that a token service publishes for one of its keys, certificate included. */
export function publishedJwk({ x5t, key, der }: ServerKey): Record<string, unknown> {
  const { n, e } = key.export({ format: 'jwk' })
  return { kty: 'RSA', n, e, kid: x5t, x5t, use: 'sig', alg: 'RS256', x5c: [Buffer.from(der).toString('base64')] }
}

function publish(server: DocumentServer, issuer: string, keys: readonly ServerKey[]): void {
  server.documents.set(`${issuer}/.well-known/openid-configuration`, { issuer, jwks_uri: `${issuer}/keys` })
  server.documents.set(`${issuer}/keys`, { keys: keys.map(publishedJwk) })
}

/** Makes the scene, its people, and the options of a validator of the server in it. */
export function makeActorScene(): {
  scene: ActorScene
  /** A server of the other realm with the id of `partner`: another one, with a certificate of its own. May not come by itself. */
  namesake: Readonly<{ clientId: string; key: ServerKey }>
  server: DocumentServer
  people: readonly Person[]
  options: ActorTokenValidatorOptions<Person>
} {
  const realm = '11111111-aaaa-4aaa-8aaa-111111111111'
  const otherRealm = '22222222-bbbb-4bbb-8bbb-222222222222'
  const scene: ActorScene = {
    now,
    own: { clientId: '00000002-0000-0ff1-ce00-000000000000', host: 'mail.contoso.com' },
    realm,
    otherRealm,
    sts: keys.sts,
    otherSts: keys.otherSts,
    endedSts: keys.endedSts,
    partner: {
      clientId: '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3',
      key: keys.partner,
      endedKey: keys.endedPartner,
    },
    otherPartner: { clientId: 'aaaaaaaa-1111-4111-8111-111111111111', key: keys.otherPartner },
    unsignedPartner: { clientId: 'bbbbbbbb-2222-4222-8222-222222222222' },
    ungrantedPartner: { clientId: 'cccccccc-3333-4333-8333-333333333333', key: keys.ungranted },
    limitedPartner: { clientId: 'dddddddd-4444-4444-8444-444444444444', key: keys.limited },
    attacker: keys.attacker,
    users: {
      good: { upn: 'mary@contoso.com', sid: 's-1-5-21-1-2-3-1001' },
      second: { upn: 'joe@contoso.com', sid: 's-1-5-21-1-2-3-1002', puid: '10032001e2cbe43b' },
      ambiguous: 'shared@contoso.com',
      disabled: 'gone@contoso.com',
      administrator: 'root@contoso.com',
      unknown: 'nobody@contoso.com',
      foreign: { upn: 'eve@fabrikam.com', sid: 's-1-5-21-9-9-9-1001', puid: '10032001ffffffff' },
    },
  }
  const { good, second, foreign } = scene.users
  const person = (id: string, of: string, names: readonly string[], more: Partial<Person> = {}): Person =>
    Object.freeze({ id, realm: of, active: true, names, ...more })
  const people: readonly Person[] = [
    person('mary', realm, [good.upn, good.sid]),
    person('joe', realm, [second.upn, second.sid, second.puid]),
    person('shared-1', realm, [scene.users.ambiguous]),
    person('shared-2', realm, [scene.users.ambiguous]),
    person('gone', realm, [scene.users.disabled], { active: false }),
    person('root', realm, [scene.users.administrator], { closedToActors: true }),
    person('eve', otherRealm, [foreign.upn, foreign.sid, foreign.puid]),
  ]
  const server = new DocumentServer()
  const issuer = 'https://sts.example/contoso'
  const otherIssuer = 'https://sts.example/fabrikam'
  publish(server, issuer, [scene.sts, scene.endedSts])
  publish(server, otherIssuer, [scene.otherSts])
  const { partner, otherPartner, unsignedPartner, ungrantedPartner, limitedPartner, own } = scene
  const namesake = { clientId: partner.clientId, key: keys.namesake }
  const partners: readonly ActorPartner[] = [
    { clientId: partner.clientId, realm, certificates: [partner.key.der, partner.endedKey.der], actAs: {}, appOnly: true },
    { clientId: otherPartner.clientId, realm, certificates: [otherPartner.key.der], actAs: {}, appOnly: true },
    { clientId: unsignedPartner.clientId, realm, actAs: {}, dangerouslyAcceptUnsignedUserTokens: true },
    { clientId: ungrantedPartner.clientId, realm, certificates: [ungrantedPartner.key.der] },
    { clientId: limitedPartner.clientId, realm, certificates: [limitedPartner.key.der], actAs: { operations: ['FreeBusy'] } },
    { clientId: namesake.clientId, realm: otherRealm, certificates: [namesake.key.der], actAs: {} },
  ]
  const findUser = (user: UserContext, of: string): readonly Person[] => {
    const wanted = [user.upn, user.smtp, user.sip, user.nameid].filter((name) => name !== undefined)
    return people.filter((one) => one.realm === of && wanted.some((name) => one.names.includes(name)))
  }
  const options: ActorTokenValidatorOptions<Person> = {
    audience: [`${own.clientId}/${own.host}@${realm}`, `${own.clientId}/${own.host}@${otherRealm}`],
    issuers: [
      { realm, issuer },
      { realm: otherRealm, issuer: otherIssuer },
    ],
    partners,
    findUser,
    clock: () => new Date(now * 1000),
    fetch: server.fetch,
  }
  return { scene, namesake, server, people, options }
}

/** What the service of a realm is called in `iss`. */
export const issuerOf = (realm: string): string => `${securityTokenServiceId}@${realm}`
