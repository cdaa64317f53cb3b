import { randomBytes, randomUUID } from 'node:crypto'
import { connect, createStore, migrate } from '@postern/storage'
import { pino } from 'pino'
import { beforeEach, describe, expect, test } from 'vitest'
import { createAudit } from '../../audit/audit.ts'
import { createPartners } from '../../partners/partners.ts'
import { cloud, onPremises, setUp, standBetweenServers, status, trail } from '../testing/hybrid-stage.ts'
import { call, find, kept, ports, refused, setPorts, stage, store } from '../testing/mfa-stage.ts'

standBetweenServers(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

/** What reads documents in the running service, and what operations know of it. */
function allow(partnerHosts: readonly string[]) {
  const clock = () => stage.now
  const { readMetadata } = ports
  const partners = createPartners({
    store,
    clock,
    audit: createAudit({ clock, newId: randomUUID }),
    log: pino({ level: 'silent' }),
    allowHosts: partnerHosts,
    readDocument: (url) => readMetadata(url, { allowHosts: partnerHosts }),
    reference: () => 'reading',
  })
  setPorts({ ...ports, partnerHosts, readPartner: (realm, clientId) => partners.refresh(realm, clientId, 'asked') })
}
const both = ['mail.contoso.com', 'outlook.contoso.test']
const refresh = () => call('partner.refresh', { client: cloud.id })
const variable = 'POSTERN_PARTNER_HOSTS=mail.contoso.com,outlook.contoso.test (partnerHosts in the configuration file)'
const text = async () => find('hybrid.status').present(await call('hybrid.status'))?.text

beforeEach(() => allow(['mail.contoso.com']))

describe('without the host in partnerHosts', () => {
  test('a set-up and status both say that certificates are not followed, and only of that host', async () => {
    const note = expect.stringMatching(/^New certificates of outlook\.contoso\.test are not followed yet\./)
    expect((await setUp()).notes).toContainEqual(note)
    expect(await status()).toMatchObject({ inPlace: true, notes: [note] })
    expect(await text()).toContain(variable)
    allow(both)
    expect((await setUp()).notes).not.toContainEqual(expect.stringContaining('not followed'))
    expect(await status()).toMatchObject({ inPlace: true, notes: [] })
  })

  test('a reading is refused with its reason, its code for programs, and the cure', async () => {
    await setUp()
    await expect(refresh()).rejects.toEqual(refused('metadata_refused'))
    await expect(refresh()).rejects.toThrow('stay: host_not_allowed: https://outlook.contoso.test/')
    await expect(refresh()).rejects.toThrow(`If it is right, set ${variable}.`)
    await expect(refresh()).rejects.toMatchObject({
      problems: [`host_not_allowed: ${cloud.url}autodiscover/metadata/json/1`],
    })
  })

  test('status says what helps, and that helps', async () => {
    await setUp()
    await expect(refresh()).rejects.toEqual(refused('metadata_refused'))
    expect(await status()).toMatchObject({ inPlace: false, cure: 'by hand', notes: [] })
    expect(await text()).toContain(`set ${variable}, start the service anew, and then: postern partner refresh ${cloud.id}`)
    expect(await text()).not.toContain('run postern hybrid setup again')
    allow(both)
    expect(await text()).toContain(`It is allowed now: postern partner refresh ${cloud.id}`)
    await refresh()
    expect(await status()).toMatchObject({ inPlace: true })
  })

  test('another set-up that reads the document well leaves no problem, and a row in the trail', async () => {
    await setUp()
    await expect(refresh()).rejects.toEqual(refused('metadata_refused'))
    stage.now = new Date(stage.now.getTime() + 60_000)
    expect((await setUp({ dryRun: true })).changed).toBe(1)
    expect((await kept.partners.find(cloud.id))?.metadataProblem).toBeDefined()
    const rows = (await trail()).length
    expect((await setUp()).changed).toBe(1)
    expect(await trail()).toHaveLength(rows + 2)
    const partner = await kept.partners.find(cloud.id)
    expect(partner).toMatchObject({ metadataReadAt: stage.now, metadataTriedAt: stage.now })
    expect(partner).not.toHaveProperty('metadataProblem')
    expect(await status()).toMatchObject({ inPlace: true })
    expect((await setUp()).changed).toBe(0)
  })
})

describe('what status advises', () => {
  test('for a client that is disabled is not another set-up, which would be refused', async () => {
    await setUp()
    await call('client.disable', { client: cloud.id })
    expect(await status()).toMatchObject({ cure: 'by hand' })
    expect(await text()).toContain(`postern client enable ${cloud.id}`)
    expect(await text()).not.toContain('postern hybrid setup')
    await call('delegation.revoke', { client: cloud.id, resource: onPremises.url })
    expect(await status()).toMatchObject({ cure: 'by hand, then setup' })
    expect(await text()).toContain('First do what stands with the problems, then run postern hybrid setup again')
  })

  test('for a document that names another issuer is to ask the partner', async () => {
    await setUp()
    const partner = await kept.partners.find(cloud.id)
    if (partner === undefined) throw new TypeError('no partner')
    await kept.partners.put({ ...partner, metadataProblem: 'pin_mismatch: another issuer' })
    expect(await text()).toMatch(/pin_mismatch: another issuer\. Ask the partner, .* Then: postern partner refresh/)
    await kept.partners.put({ ...partner, metadataProblem: 'unavailable: timed_out' })
    expect(await text()).toContain('When that is over: postern partner refresh')
  })
})
