import { randomBytes, randomUUID } from 'node:crypto'
import { connect, createStore, migrate } from '@postern/storage'
import { pino } from 'pino'
import { beforeEach, describe, expect, test } from 'vitest'
import { createAudit } from '../../audit/audit.ts'
import { createPartners } from '../../partners/partners.ts'
import { thumbprintOf } from '../../protocol/signing-keys.ts'
import {
  certificateOf,
  cloud,
  documentOf,
  onPremises,
  pemOf,
  publish,
  setUp,
  standBetweenServers,
  status,
  undo,
} from '../testing/hybrid-stage.ts'
import { call, find, kept, ports, realm, refused, setPorts, stage, store } from '../testing/mfa-stage.ts'

standBetweenServers(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

/** What reads the documents of partners in the running service, on the same servers as the set-up. */
beforeEach(() => {
  const clock = () => stage.now
  const allowHosts = [onPremises.url, cloud.url].map((url) => new URL(url).host)
  const { readMetadata } = ports
  const partners = createPartners({
    store,
    clock,
    audit: createAudit({ clock, newId: randomUUID }),
    log: pino({ level: 'silent' }),
    allowHosts,
    readDocument: (url) => readMetadata(url, { allowHosts }),
    reference: () => 'reading',
  })
  setPorts({ ...ports, readPartner: (realm, clientId) => partners.refresh(realm, clientId, 'asked') })
})

interface Shown {
  readonly certificates: readonly { readonly x5t: string; readonly credential: string; readonly from: string }[]
}
const certificatesOf = async ({ id }: { id: string }) =>
  ((await call('partner.show', { client: id })) as unknown as Shown).certificates // what the operation gives
const thumbprints = async (side: { id: string }) => (await certificatesOf(side)).map(({ x5t }) => x5t)
const x5tOf = async (name: string) => thumbprintOf(await certificateOf(name))

describe('after a set-up by metadata', () => {
  test('the next reading finds nothing to do, and follows a new certificate, which is in place for a set-up as well', async () => {
    await setUp()
    expect(await call('partner.refresh', { client: cloud.id })).toMatchObject({ added: 0, removed: 0 })
    publish(cloud, await documentOf(cloud, ['outlook', 'outlook-next']))
    expect(await call('partner.refresh', { client: cloud.id })).toMatchObject({ added: 1, removed: 0 })
    publish(cloud, await documentOf(cloud, ['outlook-next']))
    expect(await call('partner.refresh', { client: cloud.id })).toMatchObject({ added: 0, removed: 1 })
    expect(await thumbprints(cloud)).toEqual([await x5tOf('outlook-next')])
    expect(await status()).toMatchObject({ inPlace: true, problems: [] })
    expect((await setUp()).changed).toBe(0)
    expect(await status()).toMatchObject({ inPlace: true, problems: [] })
    await undo()
    expect(await call('partner.list')).toEqual([])
  })

  test('a document that takes up the certificate of the other side is refused, and the last good one stays', async () => {
    await setUp()
    publish(cloud, await documentOf(cloud, ['mail']))
    await expect(call('partner.refresh', { client: cloud.id })).rejects.toEqual(refused('metadata_refused'))
    await expect(setUp()).rejects.toThrow('CVE-2025-53786')
    expect(await thumbprints(cloud)).toEqual([await x5tOf('outlook')])
  })

  test('a certificate that its metadata says cannot be taken away alone, because it would come back', async () => {
    await setUp()
    const [{ credential } = { credential: '' }] = await certificatesOf(cloud)
    expect(credential).toMatch(/^metadata:/)
    const remove = () => call('client.remove-credential', { client: cloud.id, credential })
    await expect(remove()).rejects.toEqual(refused('in_use'))
    await expect(remove()).rejects.toThrow(`postern partner forget-metadata ${cloud.id}`)
    await expect(remove()).rejects.toThrow(`postern client disable ${cloud.id}`)
    expect(await thumbprints(cloud)).toEqual([await x5tOf('outlook')])
    expect((await kept.partners.find(cloud.id))?.tokensValidFrom).toBeUndefined()

    // What the refusal names ends it for good.
    expect(await call('partner.forget-metadata', { client: cloud.id })).toMatchObject({ removedCertificates: 1 })
    await expect(call('partner.refresh', { client: cloud.id })).rejects.toEqual(refused('invalid'))
    expect(await kept.clients.credentials(cloud.id)).toEqual([])
    await expect(remove()).rejects.toEqual(refused('missing'))
  })

  test('a certificate that was handed in is taken away, also beside those of the metadata', async () => {
    await setUp()
    const { credential } = await call('client.add-key', { client: cloud.id, key: await pemOf('outlook-next') })
    await call('client.remove-credential', { client: cloud.id, credential })
    expect(await thumbprints(cloud)).toEqual([await x5tOf('outlook')])
    await expect(call('client.remove-credential', { client: cloud.id, credential: 'metadata:nobodys' })).rejects.toEqual(
      refused('missing'),
    )
  })
})

describe('after a set-up by certificates that were handed in', () => {
  test('one that is rolled over by hand leaves everything in place, and the last one that goes does not', async () => {
    await setUp({ certificate: await pemOf('mail'), cloudCertificate: await pemOf('outlook'), cloudClientId: cloud.id })
    const [first] = await certificatesOf(cloud)
    const next = await call('client.add-key', { client: cloud.id, key: await pemOf('outlook-next') })
    await call('client.remove-credential', { client: cloud.id, credential: first?.credential })
    expect(await status()).toMatchObject({ inPlace: true, problems: [] })
    await call('client.remove-credential', { client: cloud.id, credential: next.credential })
    expect(await status()).toMatchObject({
      inPlace: false,
      parts: expect.arrayContaining([{ what: expect.stringContaining('certificate'), state: 'missing' }]),
      problems: [expect.stringContaining('postern client add-key')],
    })
  })
})

describe('certificates that have ended', () => {
  const handedIn = async () => ({
    certificate: await pemOf('mail'),
    cloudCertificate: await pemOf('outlook'),
    cloudClientId: cloud.id,
  })
  test.each([
    ['read again where they came by metadata', async () => ({}), 'postern partner refresh'],
    ['replaced by hand where they were handed in', handedIn, 'postern client add-key'],
  ])('are to be %s', async (_, how, command) => {
    await setUp(await how())
    stage.now = new Date('2060-01-01T00:00:00Z')
    expect(await status()).toMatchObject({
      inPlace: false,
      problems: [onPremises, cloud].map(({ id }) => expect.stringMatching(`${id} have ended: ${command} ${id}`)),
    })
  })
})

describe('what is printed', () => {
  const present = (name: string, output: unknown) => find(name).present(output)

  test('says what was done, that it was there already, and whether all of it is in place', async () => {
    const done = present('hybrid.setup', await setUp())?.text ?? ''
    expect(done).toContain(`  done           ${onPremises.id} may act for people at ${cloud.url}`)
    expect(done).toContain('were done.')
    expect(done).toContain('POSTERN_PARTNER_HOSTS=mail.contoso.com,outlook.contoso.test (partnerHosts in the configuration file)')
    expect(done).toContain(`accepts the audience ${cloud.id}/outlook.contoso.test@${realm.id}`)
    expect(present('hybrid.setup', await setUp())?.text).toContain('Everything was there already; nothing was changed.')
    const dry = present('hybrid.setup', await setUp({ dryRun: true }))?.text
    expect(dry).toContain('Everything was there already; nothing was changed. This was a dry run.')
    expect(dry?.match(/nothing was changed/g)).toHaveLength(1)

    const state = async () => present('hybrid.status', await call('hybrid.status'))
    expect(await state()).toMatchObject({ text: expect.stringContaining('Everything is in place.'), incomplete: false })
    await call('delegation.revoke', { client: cloud.id, resource: onPremises.url })
    expect(await state()).toMatchObject({ text: expect.stringContaining('postern hybrid setup again'), incomplete: true })

    const planned = present('hybrid.undo', await undo({ dryRun: true }))?.text
    expect(planned).toContain(`  would be taken back  client ${cloud.id}`)
    expect(planned).toContain('would be taken back. This was a dry run: nothing was changed.')
    const undone = present('hybrid.undo', await undo())?.text
    expect(undone).toContain(`  taken back     client ${cloud.id}`)
    expect(undone).toContain(`  gone before    ${cloud.id} may act for people at ${onPremises.url}`)
    expect(undone).toContain('were taken back.')
  })
})
