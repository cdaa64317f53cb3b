import { ActorBench, type ServerKey } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { issuerOf, makeActorScene, type Person } from '../testing/actor-scene.ts'
import { listenOnLoopback } from '../testing/loopback-server.ts'
import { makeSelfSigned } from '../testing/self-signed.ts'
import { createActorTokenValidator } from './actor-token.ts'

/** The scene with a partner whose certificates are read from its own server. */
async function startScene() {
  const { scene, options } = makeActorScene()
  const { clientId, key } = scene.partner
  const clock = { now: scene.now }
  const published = { keys: [key] as readonly ServerKey[], realm: scene.realm, serviceName: clientId, down: false }
  let asked = 0
  const server = await listenOnLoopback((_request, response) => {
    asked += 1
    if (published.down) response.writeHead(503)
    const keys = published.keys.map(({ x5t, der }) => ({
      usage: 'signing',
      keyinfo: { x5t },
      keyvalue: { type: 'x509Certificate', value: Buffer.from(der).toString('base64') },
    }))
    const { realm, serviceName } = published
    response.end(JSON.stringify({ realm, serviceName, issuer: `${serviceName}@${realm}`, keys }))
  })
  const metadataUrl = `${server.origin}/metadata/json/1`
  const problems: string[] = []
  const { fetch: _, ...rest } = options
  const stsFetch = options.fetch ?? fetch
  const validator = createActorTokenValidator<Person>({
    ...rest,
    // Key sets come from the scene, partners' documents over a real connection.
    fetch: async (input, init) => (String(input).startsWith(server.origin) ? fetch(input, init) : stsFetch(input, init)),
    partners: [
      { clientId, realm: scene.realm, metadataUrl, actAs: {} },
      { clientId, realm: scene.otherRealm, metadataUrl: `${metadataUrl}/namesake`, actAs: {} },
      { clientId: scene.otherPartner.clientId, realm: scene.realm, metadataUrl: `${metadataUrl}/other`, actAs: {} },
    ],
    metadataHosts: [`localhost:${server.port}`],
    allowInsecureLoopback: true,
    clock: () => new Date(clock.now * 1000),
    onProblem: (problem) => problems.push(problem),
  })
  const bench = new ActorBench(scene)
  /** A pair made now, by the clock of the scene. */
  const pair = (by: ServerKey = key, of = scene.partner): string => {
    const times = { nbf: clock.now - 30, iat: clock.now - 30, exp: clock.now + 600 }
    const actortoken = bench.actorOf(of, times)
    return bench.user({ key: by, claims: { iss: bench.nameid(of), nbf: clock.now - 30, exp: clock.now + 300, actortoken } })
  }
  return { scene, clock, published, validator, pair, problems, server, asked: () => asked }
}

test('certificates are read once, used for eight hours, and read again in the background then', async () => {
  const { clock, validator, pair, server, asked } = await startScene()
  await using _ = server
  expect(asked()).toBe(0)
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  clock.now += 8 * 3600 - 1
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  expect(asked()).toBe(1)
  clock.now += 1
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  await expect.poll(asked).toBe(2)
})

test('an unknown thumbprint causes a reading, at most once a minute, and a new certificate counts after it', async () => {
  const { scene, clock, published, validator, pair, server, asked } = await startScene()
  await using _ = server
  const next = makeSelfSigned('next')
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  for (let attempt = 0; attempt < 5; attempt += 1)
    await expect(validator.validate(pair(scene.attacker))).rejects.toMatchObject({ code: 'key_unknown' })
  expect(asked()).toBe(1)
  published.keys = [next]
  clock.now += 60
  expect(await validator.validate(pair(next))).toMatchObject({ kind: 'user' })
  expect(asked()).toBe(2)
  await expect(validator.validate(pair())).rejects.toMatchObject({ code: 'key_unknown' })
})

test('a stranger causes no reading: the actor token must be good first', async () => {
  const { scene, validator, server, asked } = await startScene()
  await using _ = server
  const bench = new ActorBench(scene)
  const forged = bench.user({ key: scene.attacker, claims: { actortoken: bench.actor({ key: scene.attacker }) } })
  await expect(validator.validate(forged)).rejects.toMatchObject({ code: 'key_unknown' })
  await expect(validator.validate(bench.user({ claims: { iss: bench.nameid(scene.otherPartner) } }))).rejects.toMatchObject({
    code: 'actor_mismatch',
  })
  expect(asked()).toBe(0)
})

test('a document that comes to speak of another realm is refused, and what was pinned goes on', async () => {
  const { clock, published, validator, pair, problems, server, asked } = await startScene()
  await using _ = server
  const evil = makeSelfSigned('evil')
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  published.realm = 'evil.example'
  published.keys = [evil]
  clock.now += 60
  await expect(validator.validate(pair(evil))).rejects.toMatchObject({ code: 'key_unknown' })
  expect(asked()).toBe(2)
  expect(problems.join()).toMatch(/another than before/)
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
})

test('a document of another server gives no certificate, nor does one with the certificate of another partner', async () => {
  const { scene, published, clock, validator, pair, problems, server } = await startScene()
  await using _ = server
  published.serviceName = scene.otherPartner.clientId
  await expect(validator.validate(pair())).rejects.toMatchObject({ code: 'keys_unavailable' })
  expect(problems.join()).toMatch(/another server/)
  published.serviceName = scene.partner.clientId
  clock.now += 60
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  published.serviceName = scene.otherPartner.clientId
  await expect(
    validator.validate(pair(scene.partner.key, { ...scene.partner, clientId: scene.otherPartner.clientId })),
  ).rejects.toMatchObject({ code: 'key_unknown' })
  expect(problems.join()).toMatch(/another partner has it/)
})

test('the server with the same id in another realm has a document of its own, and none of the certificates that were read before', async () => {
  const { scene, published, validator, pair, problems, server, asked } = await startScene()
  await using _ = server
  const bench = new ActorBench(scene)
  const { otherRealm, own, users } = scene
  const iss = issuerOf(otherRealm)
  const who = { aud: `${own.clientId}/${own.host}@${otherRealm}`, nameid: `${scene.partner.clientId}@${otherRealm}` }
  const actortoken = bench.actor({ key: scene.otherSts, claims: { ...who, iss, identityprovider: iss } })
  const names = { upn: users.foreign.upn, smtp: undefined, nameid: undefined, nii: undefined }
  const ofNamesake = (key: ServerKey) =>
    validator.validate(bench.user({ key, claims: { aud: who.aud, iss: who.nameid, actortoken, ...names } }))
  const [theirs] = published.keys
  if (theirs === undefined) throw new TypeError('the partner publishes a certificate')
  expect(await validator.validate(pair(theirs))).toMatchObject({ kind: 'user', user: { id: 'mary' } })
  published.keys = [theirs, scene.attacker]
  await expect(ofNamesake(theirs)).rejects.toMatchObject({ code: 'key_unknown' })
  expect(asked()).toBe(2)
  expect(problems.join()).toMatch(/another partner has it/)
  expect(await ofNamesake(scene.attacker)).toMatchObject({ kind: 'user', user: { id: 'eve' } })
  await expect(validator.validate(pair(scene.attacker))).rejects.toMatchObject({ code: 'key_unknown' })
})

test('a server that is down is forgotten after a day, not before', async () => {
  const { clock, published, validator, pair, server } = await startScene()
  await using _ = server
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  published.down = true
  clock.now += 24 * 3600 - 1
  expect(await validator.validate(pair())).toMatchObject({ kind: 'user' })
  clock.now += 61
  await expect(validator.validate(pair())).rejects.toMatchObject({ code: 'keys_unavailable' })
})
