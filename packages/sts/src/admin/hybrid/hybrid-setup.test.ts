import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClientId, connect, createStore, migrate } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import { thumbprintOf } from '../../protocol/signing-keys.ts'
import {
  asked,
  certificateOf,
  cloud,
  directory,
  documentOf,
  documents,
  everything,
  find,
  onPremises,
  pemOf,
  publish,
  reload,
  setUp,
  standBetweenServers,
  status,
  trail,
  undo,
  urls,
} from '../testing/hybrid-stage.ts'
import { call, kept, realm, refused, stage, store } from '../testing/mfa-stage.ts'

standBetweenServers(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

/** What the operation gives as well. */
type Named = { readonly cloud: { readonly client: string } }

describe('a set-up', () => {
  test('makes two principals that may ask for each other and act for people, administrators excepted', async () => {
    const report = await setUp()
    expect(report.parts.every(({ state }) => state === 'done')).toBe(true)
    const [mail, outlook] = [await find(onPremises), await find(cloud)]
    expect(mail).toMatchObject({
      principalId: onPremises.id,
      names: [onPremises.url, 'https://mail.contoso.com', `${onPremises.id}/mail.contoso.com`],
    })
    for (const [side, there] of [
      [onPremises, outlook],
      [cloud, mail],
    ] as const) {
      const client = await kept.clients.find(side.id) // it was just made
      expect(client).toMatchObject({ authenticationMethod: 'private_key_jwt', status: 'active' })
      expect(client?.grantTypes).toHaveLength(4)
      expect(client?.access).toEqual([{ resourceId: there?.id, scopes: ['EWS.AccessAsUser.All', 'EAS.AccessAsUser.All'] }])
      expect(await kept.delegations.list()).toContainEqual(
        expect.objectContaining({
          clientId: side.id,
          resourceId: there?.id,
          exceptGroups: ['administrators'],
          scopes: ['EWS.AccessAsUser.All', 'EAS.AccessAsUser.All'],
        }),
      )
    }
    expect(await call('partner.list')).toMatchObject([
      { client: onPremises.id, certificates: [{ from: 'metadata' }], metadata: { issuer: `${onPremises.id}@${realm.id}` } },
      { client: cloud.id, certificates: [{ from: 'metadata' }], metadata: { url: `${cloud.url}autodiscover/metadata/json/1` } },
    ])
    expect(asked.map(({ allowHosts }) => allowHosts)).toEqual(Array(2).fill(['mail.contoso.com', 'outlook.contoso.test']))
    expect(await status()).toMatchObject({ inPlace: true, problems: [] })
    // One row a step, and one for the whole.
    expect((await trail()).filter((one) => one === 'hybrid.setup')).toHaveLength(report.changed + 1)
  })

  test('changes nothing the second time, and says so', async () => {
    await setUp()
    const [before, rows] = [await everything(), await trail()]
    const again = await setUp()
    expect(again.changed).toBe(0)
    expect(again.parts.every(({ state }) => state === 'present')).toBe(true)
    expect(await everything()).toEqual(before)
    expect(await trail()).toEqual(rows)
  })

  test('writes nothing in a dry run, and does then what that said', async () => {
    const before = await everything()
    const dry = await setUp({ dryRun: true, makeCertificates: directory })
    expect(await everything()).toEqual(before)
    expect(await readdir(directory)).toEqual([])
    expect(await trail()).not.toContain('hybrid.setup')
    expect(dry.parts.every(({ state }) => state === 'would be done')).toBe(true)
    const planned = await setUp({ dryRun: true })
    const done = await setUp()
    expect(done.parts.map(({ what }) => what)).toEqual(planned.parts.map(({ what }) => what))
  })

  test('leaves what is there as it is, and adds what is missing', async () => {
    await call('client.add', {
      id: onPremises.id,
      displayName: 'Exchange',
      grantTypes: ['client_credentials'],
      authenticationMethod: 'private_key_jwt',
    })
    await call('resource.add', {
      audience: onPremises.url,
      displayName: 'Our mail',
      scopes: ['IMAP.AccessAsUser.All', 'EWS.AccessAsUser.All'],
    })
    const before = await everything()
    await setUp({ usersScopes: ['EWS.AccessAsUser.All'] })
    expect(await kept.clients.find(onPremises.id)).toMatchObject({ displayName: 'Exchange' })
    expect(await find(onPremises)).toMatchObject({
      displayName: 'Our mail',
      scopes: ['IMAP.AccessAsUser.All', 'EWS.AccessAsUser.All'],
      principalId: onPremises.id,
    })
    await undo()
    expect(await everything()).toEqual(before)
  })

  test('follows a certificate that has changed, and what was issued on the old one ends', async () => {
    await setUp()
    publish(cloud, await documentOf(cloud, ['outlook-next']))
    expect((await setUp()).changed).toBe(2)
    const x5t = thumbprintOf(await certificateOf('outlook-next'))
    expect(await call('partner.show', { client: cloud.id })).toMatchObject({
      certificates: [{ x5t }],
      tokensValidFrom: stage.now.toISOString(),
    })
    expect((await setUp()).changed).toBe(0)
    await undo()
    expect(await kept.partners.principals()).toEqual([])
  })

  test('follows a server that has moved, with the names of the resource that it made', async () => {
    await setUp()
    const id = (await find(cloud))?.id
    const moved = { ...cloud, url: 'https://new.contoso.test/' }
    publish(moved, await documentOf(moved, ['outlook']))
    await call('hybrid.setup', { ...urls, cloud: moved.url })
    expect(await find(cloud)).toBeUndefined()
    expect(await find(moved)).toMatchObject({
      id,
      audience: moved.url,
      names: [moved.url, 'https://new.contoso.test', `${cloud.id}/new.contoso.test`],
    })
    expect((await call('hybrid.setup', { ...urls, cloud: moved.url })).changed).toBe(0)
    expect(await call('hybrid.list')).toMatchObject([{ name: 'hybrid', cloud: moved.url }])
  })

  test('makes keys where it is told to: one for each server, for its owner alone, and the same ones again', async () => {
    const keys = join(directory, 'keys')
    documents.clear()
    const first = await setUp({ makeCertificates: keys, cloudClientId: cloud.id })
    expect((await readdir(keys)).toSorted()).toEqual([
      'cloud.cert.pem',
      'cloud.key.pem',
      'on-premises.cert.pem',
      'on-premises.key.pem',
    ])
    for (const { privateKeyFile } of first.files) {
      expect((await stat(privateKeyFile)).mode & 0o777).toBe(0o600)
      expect(await readFile(privateKeyFile, 'utf8')).toContain('PRIVATE KEY')
    }
    expect(JSON.stringify([first, await trail(), await everything()])).not.toContain('PRIVATE KEY')
    const again = await setUp({ makeCertificates: keys })
    expect(again).toMatchObject({ changed: 0, files: [{ made: false }, { made: false }] })
    expect(asked).toEqual([])
    await rm(join(keys, 'cloud.key.pem'))
    await expect(setUp({ makeCertificates: keys })).rejects.toEqual(refused('conflict'))
  })

  test('names in a dry run the client id that the real run takes, and takes it again after an undo', async () => {
    const idOf = async (more: object) => (await setUp({ makeCertificates: directory, ...more })) as unknown as Named
    const dry = await idOf({ dryRun: true })
    expect(dry.cloud.client).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(await idOf({})).toMatchObject({ cloud: dry.cloud })
    expect(await kept.clients.find(dry.cloud.client as ClientId)).toMatchObject({ status: 'active' }) // as above
    await undo()
    expect(await idOf({ dryRun: true })).toMatchObject({ cloud: dry.cloud })
    const elsewhere = await idOf({ dryRun: true, cloud: 'https://other.contoso.test/' })
    expect(elsewhere.cloud.client).not.toBe(dry.cloud.client)
  })

  test('leaves no key behind when it is refused', async () => {
    await call('client.add', {
      id: onPremises.id,
      displayName: 'App',
      authenticationMethod: 'client_secret_basic',
      grantTypes: ['client_credentials'],
    })
    await expect(setUp({ makeCertificates: directory, cloudClientId: cloud.id })).rejects.toEqual(refused('conflict'))
    expect(await readdir(directory)).toEqual([])
  })

  test('takes certificates that are handed in, and reads no metadata for them', async () => {
    await setUp({ certificate: await pemOf('mail'), cloudCertificate: await pemOf('outlook'), cloudClientId: cloud.id })
    expect(asked).toEqual([])
    expect(await call('partner.list')).toMatchObject([{ certificates: [{ from: 'hand' }] }, { certificates: [{ from: 'hand' }] }])
    expect((await call('partner.list')) as unknown as object[]).toEqual([
      expect.not.objectContaining({ metadata: expect.anything() }),
      expect.not.objectContaining({ metadata: expect.anything() }),
    ])
  })

  test('adds a domain of the cloud, whose documents may then name it', async () => {
    const domain = `${randomUUID()}.example`
    publish(cloud, await documentOf(cloud, ['outlook'], { realm: domain }))
    await expect(setUp()).rejects.toEqual(refused('metadata_refused'))
    await setUp({ addDomains: [domain] })
    expect((await store.realms.find(realm.id))?.domains).toContain(domain)
    await reload()
    await call('account.add', { upn: `joe@${domain}` })
    await expect(undo()).rejects.toThrow(`joe@${domain}`)
    await call('account.remove', { account: `joe@${domain}` })
    await undo()
    expect((await store.realms.find(realm.id))?.domains).not.toContain(domain)
  })
})

describe('servers that call themselves alike, as real Exchange does,', () => {
  test('are kept apart by an id of their own here, which the pin remembers', async () => {
    publish(cloud, await documentOf(onPremises, ['outlook']))
    const report = await setUp({ cloudClientId: cloud.id })
    expect(report.notes.join('\n')).toContain(`it must call itself ${cloud.id}`)
    expect(await call('partner.show', { client: cloud.id })).toMatchObject({
      metadata: { issuer: `${onPremises.id}@${realm.id}` },
    })
    expect((await setUp()).changed).toBe(0)
  })
})
