import { createPublicKey, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeActorScene } from '../testing/actor-scene.ts'
import { refusal, refusalLater } from '../testing/refusal.ts'
import { createActingPartners } from './acting-partners.ts'
import type { Actor, ActorPartner } from './actor-token-contract.ts'
import type { CertifiedKey } from './certificates.ts'
import { createPartnerMetadata } from './partner-metadata.ts'

const { scene } = makeActorScene()
const { realm, otherRealm } = scene
const { key, endedKey } = scene.partner
const clientId = 'partner'
const pemOf = ({ der }: { der: Uint8Array }): string => new X509Certificate(der).toString()
const metadataUrl = 'https://partner.example/metadata/json/1'
const host = { allowHosts: ['partner.example'], resolveHost: async () => [{ address: '10.0.0.1', family: 4 }] }

/** Metadata of one partner, read from `published`; counts the readings. */
function makeMetadata(published: () => Response = () => new Response('', { status: 503 })) {
  const asked: string[] = []
  const metadata = createPartnerMetadata({
    reading: {
      ...host,
      allowPrivateNetwork: true,
      fetch: async (input) => {
        asked.push(String(input))
        return published()
      },
    },
    clock: () => new Date(scene.now * 1000),
    onProblem: () => undefined,
  })
  return { metadata, asked }
}
const none = makeMetadata().metadata
const make = (partners: Parameters<typeof createActingPartners>[0], realms: readonly string[] = [realm], metadata = none) =>
  createActingPartners(partners, metadata, realms)
const actor = (changes: Partial<Actor> = {}): Actor => ({
  clientId,
  realm,
  nameid: `${clientId}@${realm}`,
  expiresAt: new Date(0),
  trustedForDelegation: true,
  ...changes,
})

test('a listed partner is found by its id in its realm, which one issuer makes plain', () => {
  const partner = { clientId, appOnly: true }
  const single = make([partner])
  expect([single.find(clientId, realm), single.find(clientId, otherRealm), single.find('other', realm)]).toEqual([
    partner,
    undefined,
    undefined,
  ])
  const here = { clientId, realm }
  const there = { clientId, realm: otherRealm }
  const both = make([here, there], [realm, otherRealm])
  expect(both.find(clientId, realm)).toBe(here)
  expect(both.find(clientId, otherRealm)).toBe(there)
})

test.for<readonly [string, readonly ActorPartner[], readonly string[], string]>([
  [
    'no realm among several',
    [{ clientId }],
    [realm, otherRealm],
    'partner partner must have a realm, because there are several issuers',
  ],
  ['a realm without issuer', [{ clientId, realm: 'x' }], [realm], 'partner partner is of realm x, which has no issuer'],
  ['the same server twice', [{ clientId }, { clientId, realm }], [realm], `partner partner@${realm} is given twice`],
  [
    'one certificate of two',
    [
      { clientId, certificates: [key.der] },
      { clientId: 'other', certificates: [key.der] },
    ],
    [realm],
    `certificate ${key.x5t} is given to partner@${realm} and other@${realm}`,
  ],
  [
    'one key of two realms',
    [
      { clientId, realm, keys: [{ x5t: key.x5t, key: createPublicKey(key.key) }] },
      { clientId, realm: otherRealm, certificates: [key.der] },
    ],
    [realm, otherRealm],
    `certificate ${key.x5t} is given to partner@${realm} and partner@${otherRealm}`,
  ],
  [
    'one document of two',
    [
      { clientId, metadataUrl },
      { clientId: 'other', metadataUrl },
    ],
    [realm],
    `metadata document ${metadataUrl} is given to partner@${realm} and other@${realm}`,
  ],
])('%s is said at once', ([, partners, realms, message]) => {
  expect(() => make(partners, realms)).toThrow(new TypeError(message))
})

test('one partner may name its certificate twice', () => {
  expect(() => make([{ clientId, certificates: [key.der, pemOf(key)] }])).not.toThrow()
})

test('what a function gives must be the server that was asked for, in its realm', () => {
  const partner: ActorPartner = { clientId, realm }
  const single = make(() => partner)
  expect(single.find(clientId, realm)).toBe(partner)
  expect(single.requirePartner(partner, actor())).toBe(partner)
  const bare = { clientId }
  expect(single.requirePartner(bare, actor())).toBe(bare)
  const said = (found: ActorPartner | undefined, realms = [realm, otherRealm]) =>
    refusal(() => make(() => undefined, realms).requirePartner(found, actor()))
  const { nameid } = actor()
  expect(said(undefined)).toBe(`partner_unknown: actor token: ${nameid}`)
  expect(said({ clientId: 'other', realm })).toBe(`partner_unknown: actor token: ${nameid}`)
  expect(said({ clientId })).toBe(`partner_unknown: actor token: ${nameid}: the partner found has no realm`)
  expect(said({ clientId, realm: otherRealm })).toBe(
    `partner_unknown: actor token: ${nameid}: the partner found is of ${otherRealm}`,
  )
  expect(said({ clientId }, [otherRealm])).toBe(`partner_unknown: actor token: ${nameid}: the partner found is of ${otherRealm}`)
})

test('a certificate is read once, however often the partner comes as another object', () => {
  const { requireKey } = make(() => undefined)
  const fresh = (...certificates: readonly (string | Uint8Array)[]): ActorPartner => ({ clientId, certificates })
  const byDer = requireKey(fresh(key.der), key.x5t)
  const byPem = requireKey(fresh(pemOf(key)), key.x5t)
  expect(byDer).toEqual(byPem)
  expect(requireKey(fresh(pemOf(endedKey)), endedKey.x5t)).toMatchObject({ x5t: endedKey.x5t })
  // The very objects: nothing was parsed again, and each spelling is for itself.
  expect(requireKey(fresh(pemOf(key), endedKey.der), key.x5t)).toBe(byPem)
  expect(requireKey(fresh(endedKey.der, new Uint8Array(key.der)), key.x5t)).toBe(byDer)
  expect(byDer).not.toBe(byPem)
})

test('the keys of one object are indexed once, until a list of it is another', () => {
  const { requireKey } = make(() => undefined)
  let looked = 0
  const counted = (x5t: string): CertifiedKey => ({
    get x5t() {
      looked += 1
      return x5t
    },
    key: createPublicKey(key.key),
  })
  const certificates: (string | Uint8Array)[] = []
  const keys = [counted('a'), counted('b')]
  const partner: ActorPartner = { clientId, certificates, keys }
  for (let time = 0; time < 3; time += 1) expect(requireKey(partner, 'b')).toBe(keys[1])
  expect(looked).toBe(2)
  keys[1] = counted('c')
  expect(requireKey(partner, 'c')).toBe(keys[1])
  expect(refusal(() => requireKey(partner, 'b'))).toBe('key_unknown: user token: x5t b is not of partner')
  expect(looked).toBe(4)
  keys.push(counted('d'))
  expect(requireKey(partner, 'd')).toBe(keys[2])
  keys.pop()
  expect(refusal(() => requireKey(partner, 'd'))).toBe('key_unknown: user token: x5t d is not of partner')
  certificates.push(key.der)
  expect(requireKey(partner, key.x5t)).toMatchObject({ x5t: key.x5t })
})

test('a partner without certificates has no key, and none is looked for elsewhere', () => {
  expect(refusal(() => make([{ clientId }]).requireKey({ clientId }, key.x5t))).toBe(
    `key_unknown: user token: x5t ${key.x5t} is not of partner`,
  )
})

test('a partner that publishes is asked for by its name, and says what it has', async () => {
  const keyOf = ({ x5t, der }: typeof key) => ({
    usage: 'signing',
    keyinfo: { x5t },
    keyvalue: { type: 'x509Certificate', value: Buffer.from(der).toString('base64') },
  })
  const document = { realm, serviceName: clientId, issuer: `${clientId}@${realm}`, keys: [keyOf(key)] }
  const { metadata, asked } = makeMetadata(() => Response.json(document))
  const { requireKey } = make(() => undefined, [realm], metadata)
  expect(await requireKey({ clientId, metadataUrl }, key.x5t)).toMatchObject({ x5t: key.x5t })
  expect(asked).toEqual([metadataUrl])
  const said = (partner: ActorPartner, x5t: string, of = requireKey) => refusalLater(Promise.resolve(of(partner, x5t)))
  expect(await said({ clientId, metadataUrl }, 'x')).toBe('key_unknown: user token: x5t x is not of partner')
  const silent = make(() => undefined, [realm]).requireKey
  expect(await said({ clientId, metadataUrl }, 'x', silent)).toBe('keys_unavailable: user token: metadata of partner')
  // Its own certificates come first: then nothing is read.
  expect(requireKey({ clientId, metadataUrl, certificates: [endedKey.der] }, endedKey.x5t)).toMatchObject({ x5t: endedKey.x5t })
  const several = make(() => undefined, [realm, otherRealm], metadata).requireKey
  await expect(several({ clientId, metadataUrl }, key.x5t)).rejects.toThrow(new TypeError('partner partner has no realm'))
  expect(asked).toEqual([metadataUrl])
})
