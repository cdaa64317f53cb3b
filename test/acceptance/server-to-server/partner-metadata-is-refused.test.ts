/** What a metadata document must not do: speak for others, change who it is, take another's certificate, or keep us busy. */
import type { ClientId } from '@postern/storage'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  answerJson,
  exchangeDocument,
  type PartnerStage,
  type PublishingServer,
  startPartnerStage,
  startPublishing,
} from './partner-stage.ts'

let stage: PartnerStage
beforeAll(async () => {
  stage = await startPartnerStage()
})
beforeEach(() => stage.reset())
afterAll(() => stage.close())

const read = () => stage.sts.service.partners.refresh(stage.sts.kept, stage.clientId, 'asked')
const publish = (document: unknown) => {
  stage.publishing.answer = answerJson(document)
}
const good = () => exchangeDocument(stage.partner, [stage.keys[0]])

test('another issuer, realm or principal than the pinned one is refused, and the last good certificate works on', async () => {
  const [one, two] = stage.keys
  publish(good())
  await read()
  for (const change of [
    { issuer: `somebody@${stage.sts.realm.id}`, serviceName: 'somebody' },
    { realm: 'contoso.com', issuer: `${stage.clientId}@contoso.com` },
    { realm: '*', issuer: `${stage.clientId}@*` },
    { issuer: `${stage.clientId}@fabrikam.com` },
  ]) {
    publish({ ...exchangeDocument(stage.partner, [two]), ...change })
    expect(await read()).toMatchObject({ outcome: 'refused', code: 'pin_mismatch' })
  }
  expect(await stage.thumbprints()).toEqual([one.x5t])
  expect(await stage.ask(one)).toBe('200 ok')
  expect(await stage.refusals()).toHaveLength(4)
  expect((await stage.found()).metadataProblem).toMatch(/^pin_mismatch: /)
})

test('a document of another realm or principal is not even pinned', async () => {
  publish({ ...good(), realm: 'fabrikam.com', issuer: `${stage.clientId}@fabrikam.com` })
  expect(await read()).toMatchObject({ code: 'realm_mismatch' })
  publish({ ...good(), serviceName: '00000002-0000-0ff1-ce00-000000000000' })
  expect(await read()).toMatchObject({ code: 'principal_mismatch' })
  expect((await stage.found()).pinned).toBeUndefined()
})

test('the certificate of another principal is left out, also by itself, and it is written down', async () => {
  const other = await stage.sts.addPrincipal()
  publish(exchangeDocument(stage.partner, [other]))
  expect(await read()).toMatchObject({ outcome: 'refused', code: 'certificate_conflict' })
  expect(await stage.thumbprints()).toEqual([])
  publish(exchangeDocument(stage.partner, [stage.keys[0], other]))
  expect(await read()).toMatchObject({ outcome: 'read', added: 1, contested: [other.x5t] })
  expect(await stage.thumbprints()).toEqual([stage.keys[0].x5t])
  expect(await stage.refusals()).toEqual([expect.stringContaining(other.x5t)])
  expect((await stage.found()).metadataProblem).toContain(other.x5t)
  const rightful = await stage.sts.kept.clients.credentials(other.clientId as ClientId) // a brand has no runtime part
  expect(rightful).toMatchObject([{ x5t: other.x5t }])
  expect(await stage.ask(other), 'registered by hand, so whoever has that key is not this partner').toBe('401 invalid_client')
})

describe('a host that is not listed', () => {
  let inside: PublishingServer
  beforeEach(async () => {
    inside = await startPublishing()
    inside.answer = answerJson(good())
  })
  afterEach(() => inside.close())

  test('is refused before any connection', async () => {
    await stage.setMetadataUrl(inside.url)
    expect(await read()).toMatchObject({ outcome: 'refused', code: 'host_not_allowed' })
    expect(await stage.refusals()).toHaveLength(1)
    expect(inside.asked).toEqual([])
  })

  test('is not reached by a redirect of one that is', async () => {
    stage.publishing.answer = (_request, response) => void response.writeHead(302, { location: inside.url }).end()
    expect(await read()).toMatchObject({ outcome: 'refused', code: 'document_refused' })
    expect([stage.publishing.asked.length, inside.asked.length]).toEqual([1, 0])
  })
})

describe('an answer that is no document', () => {
  const refused = { outcome: 'refused', code: 'document_refused' }
  const unavailable = { outcome: 'unavailable' }
  const send =
    (body: string, status = 200): PublishingServer['answer'] =>
    (_request, response) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(body)

  test.each([
    ['HTML', send('<html></html>'), refused],
    ['nothing', send(''), refused],
    ['an array', send('[]'), refused],
    ['a member in two spellings', send('{"realm":"a","Realm":"b","serviceName":"c","issuer":"d","keys":[]}'), refused],
    ['a member twice', send('{"realm":"a","realm":"b","serviceName":"c","issuer":"d","keys":[]}'), refused],
    ['an error', send('{}', 500), unavailable],
    ['a page that asks to sign in', send('{}', 401), unavailable],
    ['a redirect in a circle', (request, response) => void response.writeHead(302, { location: request.url }).end(), refused],
    ['a connection that breaks', (_request, response) => void response.socket?.destroy(), unavailable],
  ] as const satisfies readonly (readonly [string, PublishingServer['answer'], object])[])(
    'but %s changes nothing and is told to operators',
    async (_, answer, outcome) => {
      stage.publishing.answer = answer
      expect(await read()).toMatchObject(outcome)
      expect(await stage.thumbprints()).toEqual([])
      expect((await stage.found()).metadataProblem).toBeDefined()
      expect(await stage.refusals()).toHaveLength(1)
    },
  )

  test('but a giant one is not read to its end', async () => {
    let sent = 0
    stage.publishing.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const part = ' '.repeat(64 * 1024)
      const more = () => {
        // A gigabyte, had anybody the patience.
        while (sent < 1024 ** 3 && !response.destroyed) {
          sent += part.length
          if (!response.write(part)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    }
    expect(await read()).toMatchObject(refused)
    expect(sent).toBeLessThan(64 * 1024 ** 2)
  })

  test('but a slow one ends at the deadline', async () => {
    stage.publishing.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    }
    expect(await read()).toMatchObject({ outcome: 'unavailable', detail: expect.stringContaining('timed_out') })
  })

  test('and a certificate under another thumbprint is none', async () => {
    publish(exchangeDocument(stage.partner, [{ ...stage.keys[0], x5t: stage.keys[1].x5t }]))
    expect(await read()).toMatchObject(refused)
  })
})
