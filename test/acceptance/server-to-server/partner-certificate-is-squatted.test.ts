/**
 * A partner copies the certificate of another one into its own metadata document. A document proves no possession, so the
 * certificate belongs to the one that signs with it: the squatter must not keep the other from rolling over.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { AuditRow, ClientId, RealmId, RealmStore } from '@postern/storage'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answerJson, exchangeDocument, type Key, type PartnerStage, startPartnerStage } from './partner-stage.ts'

const squatterPath = '/squatter/metadata/json/1'

let stage: PartnerStage
let current: Key
let next: Key
let squatters: Key
beforeAll(async () => {
  stage = await startPartnerStage()
  ;[current, next] = stage.keys
  squatters = await stage.makeKey()
})
afterAll(() => stage.close())

let squatter: { kept: RealmStore; clientId: ClientId }
let published: { partner: Key[]; squatter: Key[] }
beforeEach(async () => {
  await stage.reset()
  squatter = await addSquatter(stage.sts.kept)
  published = { partner: [current], squatter: [squatters] }
  stage.publishing.answer = (request, response) => {
    const isSquatters = request.url === squatterPath
    const of = { clientId: isSquatters ? squatter.clientId : stage.clientId, realm: realmOf(isSquatters) }
    answerJson(exchangeDocument(of, isSquatters ? published.squatter : published.partner))(request, response)
  }
})
afterEach(() => squatter.kept.clients.remove(squatter.clientId))

const realmOf = (isSquatters: boolean): RealmId => (isSquatters ? squatter.kept.realmId : stage.sts.realm.id)

async function addSquatter(kept: RealmStore) {
  const model = await stage.sts.kept.clients.find(stage.clientId)
  if (model === undefined) throw new TypeError('no client')
  const clientId = randomUUID() as string as ClientId // a brand has no runtime part
  await kept.clients.add({ ...model, id: clientId })
  const metadataUrl = `http://${stage.publishing.host}${squatterPath}`
  await kept.partners.put({ clientId, metadataUrl, acceptsUnsignedUserTokens: false })
  return { kept, clientId }
}

const refresh = ({ kept, clientId }: typeof squatter) => stage.sts.service.partners.refresh(kept, clientId, 'asked')
const readSquatter = () => refresh(squatter)
const thumbprints = async ({ kept, clientId }: typeof squatter) =>
  (await kept.clients.credentials(clientId)).flatMap((one) => (one.kind === 'key' && one.x5t ? [one.x5t] : [])).toSorted()
const rowsOf = async ({ kept, clientId }: typeof squatter, event: string): Promise<readonly AuditRow[]> =>
  (await kept.audit.list({ limit: 100, event })).filter((row) => row.clientId === clientId)
const readings = (path: string) => stage.publishing.asked.filter((one) => one === path).length

/** As it was reproduced: the partner is about to roll over, and the squatter is read first. */
async function squat(): Promise<void> {
  expect(await stage.ask(current)).toBe('200 ok')
  stage.pass(60)
  published = { partner: [current, next], squatter: [squatters, next] }
  expect(await stage.askAs(squatter.clientId, squatters)).toBe('200 ok')
  expect(await thumbprints(squatter)).toEqual([squatters.x5t, next.x5t].toSorted())
}

test('the partner that signs with its certificate gets it back at once, and rolls over', async () => {
  await squat()
  expect(await stage.ask(next)).toBe('200 ok')
  expect(await stage.thumbprints()).toEqual([current.x5t, next.x5t].toSorted())
  expect(await thumbprints(squatter)).toEqual([squatters.x5t])
  expect(await rowsOf({ ...squatter, clientId: stage.clientId }, 'partner.metadata_read')).toMatchObject([
    { detail: { added: 1, removed: 0 } },
    { detail: { added: 1, removed: 0 } },
  ])
  const [taken, ...others] = await rowsOf(squatter, 'partner.metadata_refused')
  expect([taken?.detail.reason, others]).toEqual([expect.stringContaining(`${next.x5t} was taken away`), []])
  expect((await stage.found()).metadataProblem).toBeUndefined()
  const row = await squatter.kept.partners.find(squatter.clientId)
  expect(row?.metadataProblem).toContain(next.x5t)
  expect(row?.tokensValidFrom, 'as whenever a certificate goes').toBeDefined()

  // It reads and reads, gets nothing, and is told of once.
  for (let times = 0; times < 3; times += 1)
    expect(await readSquatter()).toMatchObject({ outcome: 'read', added: 0, removed: 0, contested: [next.x5t] })
  expect(await rowsOf(squatter, 'partner.metadata_refused')).toHaveLength(1)
  expect(await stage.askAs(squatter.clientId, squatters), 'its own is followed').toBe('200 ok')

  published.partner = [next]
  stage.pass(8 * 3600)
  await stage.sts.service.partners.run()
  expect([await stage.ask(current), await stage.ask(next)]).toEqual(['401 invalid_client', '200 ok'])
  expect(await stage.thumbprints()).toEqual([next.x5t])
})

test('a partner that publishes its new certificate alone gets it back as well, and its old one goes', async () => {
  await squat()
  published.partner = [next]
  expect(await refresh({ ...squatter, clientId: stage.clientId })).toMatchObject({ code: 'certificate_conflict' })
  expect(await stage.ask(current), 'the last good one stays').toBe('200 ok')
  stage.pass(60)
  expect([await stage.ask(next), await stage.ask(current)]).toEqual(['200 ok', '401 invalid_client'])
})

test('nobody keeps the partner out by being the first of every minute', async () => {
  await squat()
  for (let minutes = 0; minutes < 3; minutes += 1) {
    stage.pass(60)
    expect(await stage.ask(squatters, { x5t: randomBytes(20).toString('base64url') })).toBe('401 invalid_client')
  }
  expect(await thumbprints(squatter)).toContain(next.x5t)
  expect(await stage.ask(next)).toBe('200 ok')
})

test('ten assertions at once get it back once', async () => {
  await squat()
  const answers = await Promise.all(Array.from({ length: 10 }, () => stage.ask(next)))
  expect(new Set(answers)).toEqual(new Set(['200 ok']))
  expect(await rowsOf(squatter, 'partner.metadata_refused')).toHaveLength(1)
})

test('a squatter of another realm of the installation loses it as well', async () => {
  await squatter.kept.clients.remove(squatter.clientId)
  const id = randomUUID() as string as RealmId // a brand has no runtime part
  const { settings, createdAt } = stage.sts.realm
  const domains = ['fabrikam.com']
  await stage.sts.store.realms.add({ id, displayName: 'Fabrikam', domains, status: 'active', settings, createdAt })
  squatter = await addSquatter(stage.sts.store.realm(id))
  published = { partner: [current, next], squatter: [squatters, next] }
  expect(await readSquatter()).toMatchObject({ outcome: 'read', added: 2 })
  const before = await stage.sts.store.realms.version(id)

  expect(await stage.ask(next)).toBe('200 ok')
  expect(await thumbprints(squatter)).toEqual([squatters.x5t])
  expect(await stage.sts.store.realms.version(id), 'its processes notice').not.toBe(before)
  const [row] = await rowsOf(squatter, 'partner.metadata_refused')
  expect(row?.detail.reason).toContain(next.x5t)
  expect(JSON.stringify(row), 'whose it is, its administrators need not know').not.toContain(stage.clientId)
  expect(JSON.stringify(row)).not.toContain(stage.sts.realm.id)
  expect(await readSquatter()).toMatchObject({ added: 0, contested: [next.x5t] })
})

describe('it is not moved', () => {
  const stays = async (answer: Promise<string>) => {
    expect(await answer).toBe('401 invalid_client')
    expect(await thumbprints(squatter)).toContain(next.x5t)
    expect(await stage.thumbprints()).not.toContain(next.x5t)
  }

  test.each<[string, () => Promise<string>]>([
    ['is signed with another key', () => stage.ask(squatters, { x5t: next.x5t })],
    ['is over', () => stage.ask(next, {}, { exp: 1_700_000_300, nbf: 1_700_000_000 })],
    [
      'is meant for another server',
      () => stage.ask(next, {}, { aud: `${stage.clientId}/mail.contoso.com@${stage.sts.realm.id}` }),
    ],
    ['is of the same name in another realm', () => stage.ask(next, {}, { iss: `${stage.clientId}@${randomUUID()}` })],
    ['names somebody else beside', () => stage.ask(next, {}, { nameid: `${squatter.clientId}@${stage.sts.realm.id}` })],
    ['speaks of a person', () => stage.ask(next, {}, { upn: 'mary@contoso.com' })],
    ['names another algorithm', () => stage.ask(next, { alg: 'none' })],
  ])('by an assertion that %s', async (_, ask) => {
    await squat()
    await stays(ask())
    expect(await stage.ask(next), 'the same, as it must be').toBe('200 ok')
  })

  test('to a partner that does not publish it: the key of another one is no reason to be taken for that one', async () => {
    await squat()
    expect(await stage.askAs(squatter.clientId, squatters)).toBe('200 ok')
    expect(await stage.ask(squatters), 'signed by the one, in the name of the other').toBe('401 invalid_client')
    published.partner = [current]
    stage.pass(60)
    await stays(stage.ask(next))
  })

  test('from a client that an administrator has registered it for by hand', async () => {
    await squat()
    const read = (await squatter.kept.clients.credentials(squatter.clientId)).find(
      (one) => one.kind === 'key' && one.x5t === next.x5t,
    )
    if (read === undefined) throw new TypeError('no credential')
    await squatter.kept.clients.removeCredential(squatter.clientId, read.id)
    await squatter.kept.clients.addCredential({ ...read, id: randomUUID() })
    await stays(stage.ask(next))
    expect((await stage.found()).metadataProblem).toContain(next.x5t)
  })

  test('a second time: of two who both have the key, the first keeps it', async () => {
    await squat()
    expect(await stage.ask(next)).toBe('200 ok')
    stage.pass(60)
    expect(await stage.askAs(squatter.clientId, next)).toBe('401 invalid_client')
    expect(await stage.thumbprints()).toContain(next.x5t)
    expect(await stage.ask(next)).toBe('200 ok')
  })

  test('to a disabled client', async () => {
    await squat()
    await stage.ask(squatters, { x5t: randomBytes(20).toString('base64url') })
    const client = await stage.sts.kept.clients.find(stage.clientId)
    if (client === undefined) throw new TypeError('no client')
    await stage.sts.kept.clients.replace({ ...client, status: 'disabled' })
    await stays(stage.ask(next))
    await stage.sts.kept.clients.replace(client)
  })
})

test('hostile assertions that name it cost one reading a minute of each partner', async () => {
  await squat()
  stage.publishing.asked.length = 0
  const answers = new Set<string>()
  // A thousand of them are counted in partners.test.ts, without a network.
  for (let times = 0; times < 8; times += 1) {
    const some = Array.from({ length: 50 }, () => stage.ask(squatters, { x5t: next.x5t }))
    for (const answer of await Promise.all(some)) answers.add(answer)
  }
  expect([...answers]).toEqual(['401 invalid_client'])
  expect(stage.publishing.asked).toHaveLength(1)
  expect(readings(squatterPath), 'whose certificate is named is not asked').toBe(0)
  expect(await stage.refusals()).toHaveLength(1)
})
