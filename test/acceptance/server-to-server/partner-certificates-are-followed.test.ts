/** A partner changes its certificate: the service notices at the next assertion, or at the next of its own readings. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answerJson, bodyOf, exchangeDocument, type PartnerStage, startPartnerStage } from './partner-stage.ts'

let stage: PartnerStage
beforeAll(async () => {
  stage = await startPartnerStage()
})
beforeEach(() => stage.reset())
afterAll(() => stage.close())

const publish = (...keys: PartnerStage['keys'][number][]) => {
  stage.publishing.answer = answerJson(exchangeDocument(stage.partner, keys))
}

test('the first assertion of a partner brings its certificate, and is answered', async () => {
  const [one] = stage.keys
  publish(one)
  expect(await stage.ask(one)).toBe('200 ok')
  expect(await stage.thumbprints()).toEqual([one.x5t])
  expect(await stage.found()).toMatchObject({
    pinned: { issuer: `${stage.clientId}@${stage.sts.realm.id}`, realm: stage.sts.realm.id },
  })
  const [row] = await stage.sts.kept.audit.list({ limit: 1, event: 'partner.metadata_read' })
  expect(row).toMatchObject({ clientId: stage.clientId, detail: { added: 1, removed: 0 } })
})

test('a roll-over is picked up by the assertion that shows the new certificate, and the old one counts no more', async () => {
  const [one, two] = stage.keys
  publish(one)
  await stage.ask(one)
  stage.pass(60)
  publish(two, one)
  expect(await stage.ask(two)).toBe('200 ok')
  expect(await stage.ask(one), 'both are published').toBe('200 ok')
  stage.pass(8 * 3600)
  publish(two)
  await stage.sts.service.partners.run()
  expect([await stage.ask(one), await stage.ask(two)]).toEqual(['401 invalid_client', '200 ok'])
  expect((await stage.found()).tokensValidFrom, 'what the old one was given is withdrawn').toBeDefined()
})

test('a roll-over is picked up by the worker, 8 hours after the last reading', async () => {
  const [one, two] = stage.keys
  publish(one)
  expect(await stage.sts.service.partners.run()).toBe(1)
  publish(two)
  stage.pass(8 * 3600 - 1)
  expect(await stage.sts.service.partners.run()).toBe(0)
  expect(await stage.thumbprints()).toEqual([one.x5t])
  stage.pass(1)
  expect(await stage.sts.service.partners.run()).toBe(1)
  expect(await stage.thumbprints()).toEqual([two.x5t])
  expect(stage.publishing.asked).toHaveLength(2)
})

test('a document in the spelling of the other kind of server is read as well', async () => {
  const [one, two] = stage.keys
  stage.publishing.answer = answerJson({
    Realm: 'contoso.com',
    ServiceName: stage.clientId,
    Issuer: `${stage.clientId}@contoso.com`,
    AllowedAudiences: [],
    Keys: [
      { usage: 'Signing', keyInfo: { x5t: `${one.x5t}=` }, keyValue: { type: 'X509Certificate', value: bodyOf(one) } },
      { usage: 'Signing', keyValue: { keyInfo: { x5t: two.x5t }, type: 'x509Certificate', value: bodyOf(two) } },
    ],
    Endpoints: [],
  })
  expect([await stage.ask(one), await stage.ask(two)]).toEqual(['200 ok', '200 ok'])
})

describe('certificates that nobody knows', () => {
  test('cost a partner one reading a minute, however many assertions show one', async () => {
    const [one] = stage.keys
    publish(one)
    const answers = new Set<string>()
    // Fifty at once, as an attack would come. A thousand are counted in partners.test.ts.
    for (let times = 0; times < 8; times += 1) {
      const some = Array.from({ length: 50 }, () => stage.ask(one, { x5t: randomBytes(20).toString('base64url') }))
      for (const answer of await Promise.all(some)) answers.add(answer)
    }
    expect([...answers]).toEqual(['401 invalid_client'])
    expect(stage.publishing.asked).toHaveLength(1)
    stage.pass(60)
    await stage.ask(one, { x5t: randomBytes(20).toString('base64url') })
    expect(stage.publishing.asked).toHaveLength(2)
  })

  test('of a client that is no partner, or a disabled one, cost nothing', async () => {
    const [one] = stage.keys
    publish(one)
    const client = await stage.sts.kept.clients.find(stage.clientId)
    if (client === undefined) throw new TypeError('no client')
    await stage.sts.kept.clients.replace({ ...client, status: 'disabled' })
    expect(await stage.ask(one)).toBe('401 invalid_client')
    await stage.sts.kept.clients.replace(client)
    await stage.sts.kept.partners.remove(stage.clientId)
    expect(await stage.ask(one)).toBe('401 invalid_client')
    expect(stage.publishing.asked).toEqual([])
  })
})
