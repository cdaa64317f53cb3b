import { randomBytes, randomUUID } from 'node:crypto'
import { DiscoveryError } from '@postern/resource-server'
import { connect, createStore, migrate } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import {
  cloud,
  documentOf,
  documents,
  everything,
  onPremises,
  pemOf,
  publish,
  setUp,
  standBetweenServers,
  urls,
} from '../testing/hybrid-stage.ts'
import { call, ports, realm, refused, setPorts, stage, store } from '../testing/mfa-stage.ts'

standBetweenServers(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

describe('a set-up is refused, and nothing is half done,', () => {
  const wrong: readonly (readonly [string, () => Promise<unknown>, string, string])[] = [
    [
      'when both sides show one certificate (CVE-2025-53786)',
      async () => publish(cloud, await documentOf(cloud, ['mail'])),
      'conflict',
      'CVE-2025-53786',
    ],
    [
      'when both sides are one principal (CVE-2025-53786)',
      async () => publish(cloud, await documentOf(onPremises, ['outlook'])),
      'conflict',
      '--cloud-client-id',
    ],
    ['when a certificate is somebody else’s in this realm', holdElsewhere, 'conflict', 'Give each server a key of its own'],
    ['when a certificate is somebody else’s in another realm', holdInAnotherRealm, 'conflict', 'elsewhere in this installation'],
    [
      'when a document is of every realm',
      async () => publish(cloud, await documentOf(cloud, ['outlook'], { realm: '*' })),
      'metadata_refused',
      'realm',
    ],
    [
      'when a document has no certificate',
      async () => publish(cloud, await documentOf(cloud, [])),
      'metadata_refused',
      'no RSA certificate',
    ],
    [
      'when a document speaks of two principals',
      async () => publish(cloud, await documentOf(cloud, ['outlook'], { issuer: `${onPremises.id}@${realm.id}` })),
      'metadata_refused',
      'another principal',
    ],
    [
      'when a document cannot be had',
      async () => documents.delete(`${cloud.url}autodiscover/metadata/json/1`),
      'metadata_refused',
      '--make-certificates',
    ],
    [
      'when the principal cannot stand in a name',
      async () => publish(cloud, await documentOf({ id: 'a b' }, ['outlook'])),
      'invalid',
      'cannot be asked for',
    ],
    ['when the client is disabled', disabledClient, 'conflict', 'postern client enable'],
    ['when the address is somebody else’s resource', foreignResource, 'conflict', 'not of'],
  ]
  test.each(wrong)('%s', async (_, spoil, code, message) => {
    await spoil()
    const before = await everything()
    await expect(setUp()).rejects.toEqual(refused(code))
    await expect(setUp()).rejects.toThrow(message)
    expect(await everything()).toEqual(before)
  })

  test.each([
    ['http://mail.contoso.com/', 'invalid'],
    ['https://mail.contoso.com/ews', 'invalid'],
    ['https://mail.contoso.com/?x=1', 'invalid'],
    ['mail.contoso.com', 'invalid'],
    ['https://u:p@mail.contoso.com/', 'invalid'],
    [cloud.url, 'conflict'],
  ])('for %s on premises', async (url, code) => {
    publish({ url }, await documentOf(onPremises, ['mail']))
    await expect(call('hybrid.setup', { ...urls, onPremises: url })).rejects.toEqual(refused(code))
  })

  test('in words that fit a server that answers nonsense, and not as if it published nothing', async () => {
    const readMetadata: typeof ports.readMetadata = () =>
      Promise.reject(new DiscoveryError('document_malformed', { detail: 'the certificate LRz0 stands under another x5t' }))
    setPorts({ ...ports, readMetadata })
    await expect(setUp()).rejects.toThrow('answers, and what it says cannot be used: document_malformed: the certificate LRz0')
    await expect(setUp()).rejects.not.toThrow('publishes no metadata')
  })

  test('when the audit trail cannot be written, half way', async () => {
    const before = await everything()
    let left = 5
    const recordChange: typeof ports.recordChange = (...given) =>
      left-- > 0 ? stage.ports.recordChange(...given) : Promise.reject(new TypeError('the audit log is full'))
    setPorts({ ...ports, recordChange })
    await expect(setUp()).rejects.toThrow('the audit log is full')
    expect(await everything()).toEqual(before)
  })

  test('under the same name for another principal', async () => {
    await setUp()
    await expect(setUp({ cloudClientId: randomUUID() })).rejects.toThrow('postern hybrid undo')
  })

  test('when a document names another issuer than was pinned', async () => {
    await setUp()
    await call('hybrid.undo', {})
    await setUp()
    const domain = realm.domains[0] ?? ''
    publish(cloud, await documentOf(cloud, ['outlook'], { realm: domain }))
    await expect(setUp()).rejects.toThrow('another issuer or realm')
  })
})

async function holdElsewhere() {
  const { id } = await call('client.add', { preset: 'mail-server' })
  await call('client.add-key', { client: id, key: await pemOf('outlook') })
}

async function holdInAnotherRealm() {
  const domain = `${randomUUID()}.example`
  await call('realm.add', { domain }, null)
  const other = (await store.realms.findByDomain(domain)) ?? null
  const { id } = await call('client.add', { preset: 'mail-server' }, other)
  await call('client.add-key', { client: id, key: await pemOf('outlook') }, other)
}

async function disabledClient() {
  await call('client.add', { preset: 'mail-server', id: cloud.id })
  await call('client.disable', { client: cloud.id })
}

const foreignResource = () => call('resource.add', { audience: cloud.url, scopes: ['Mail.Read'], principalId: randomUUID() })
