import { randomBytes } from 'node:crypto'
import { type ClientId, connect, createStore, migrate } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import {
  cloud,
  documentOf,
  everything,
  find,
  onPremises,
  pemOf,
  publish,
  setUp,
  standBetweenServers,
  status,
  undo,
} from '../testing/hybrid-stage.ts'
import { call, kept, refused, stage } from '../testing/mfa-stage.ts'

standBetweenServers(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

describe('an undo', () => {
  test('takes back exactly what was made, and tells it first in a dry run', async () => {
    const before = await everything()
    await setUp()
    const after = await everything()
    const dry = await undo({ dryRun: true })
    expect(await everything()).toEqual(after)
    expect(dry.parts.every(({ state }) => state === 'would be taken back')).toBe(true)
    const done = await undo()
    expect(done.parts.map(({ what }) => what)).toEqual(dry.parts.map(({ what }) => what))
    expect(await everything()).toEqual(before)
    await expect(undo()).rejects.toEqual(refused('missing'))
  })

  test('ends the actor tokens of a server that was there before', async () => {
    await call('client.add', { preset: 'mail-server', id: cloud.id })
    await setUp()
    await undo()
    expect((await kept.partners.find(cloud.id))?.tokensValidFrom).toEqual(stage.now)
  })

  test('leaves alone what is gone, and says so', async () => {
    await setUp()
    await call('delegation.revoke', { client: cloud.id, resource: onPremises.url })
    expect(await status()).toMatchObject({ inPlace: false })
    const done = await undo()
    expect(done.parts.filter(({ state }) => state === 'gone before')).toHaveLength(1)
  })

  test('takes only its own of what others have added to', async () => {
    await call('resource.add', { audience: onPremises.url, scopes: ['IMAP.AccessAsUser.All'], principalId: onPremises.id })
    await setUp()
    await call('resource.change', {
      resource: onPremises.url,
      names: [`${onPremises.id}/mail.contoso.com`, 'https://webmail.contoso.com/'],
    })
    await undo()
    expect(await find(onPremises)).toMatchObject({
      scopes: ['IMAP.AccessAsUser.All'],
      names: [onPremises.url, 'https://mail.contoso.com', 'https://webmail.contoso.com/'],
    })
  })

  test('is refused while another client uses what it made', async () => {
    await setUp()
    const { id } = await call('client.add', { preset: 'thunderbird' })
    await call('client.grant', { client: id, resource: cloud.url })
    const before = await everything()
    await expect(undo()).rejects.toEqual(refused('in_use'))
    expect(await everything()).toEqual(before)
  })
})

describe('the undo of one hybrid beside another', () => {
  const third = { url: 'https://third.contoso.test/', id: 'third-mail' as ClientId } // a brand has no runtime part
  const later = () => {
    stage.now = new Date(stage.now.getTime() + 60_000)
  }

  test('is refused while one that was set up later over the same servers relies on what it made', async () => {
    await setUp()
    later()
    expect((await setUp({ name: 'second' })).changed).toBe(0)
    const before = await everything()
    for (const dryRun of [true, false]) {
      await expect(undo({ dryRun })).rejects.toEqual(refused('in_use'))
      await expect(undo({ dryRun })).rejects.toThrow('First: postern hybrid undo --name second')
    }
    expect(await everything()).toEqual(before)
    // That one made nothing, so nothing goes with it.
    expect((await undo({ name: 'second' })).changed).toBe(0)
    expect(await status()).toMatchObject({ inPlace: true })
    await undo()
    expect(await kept.partners.principals()).toEqual([])
  })

  test('is refused while they have one server in common, and not once the later one is undone', async () => {
    publish(third, await documentOf(third, ['third']))
    await setUp()
    later()
    await call('hybrid.setup', { onPremises: onPremises.url, cloud: third.url, name: 'second' })
    await expect(undo()).rejects.toThrow('postern hybrid undo --name second')
    await undo({ name: 'second' })
    await undo()
    expect(await kept.partners.principals()).toEqual([])
  })

  test('goes through for the later one, also where it added to a server of the earlier one', async () => {
    const certificates = { certificate: await pemOf('mail'), cloudCertificate: await pemOf('outlook'), cloudClientId: cloud.id }
    await setUp(certificates)
    const before = await everything()
    later()
    expect((await setUp({ name: 'second' })).changed).toBe(2)
    await expect(undo()).rejects.toEqual(refused('in_use'))
    await undo({ name: 'second' })
    expect(await everything()).toEqual(before)
  })

  test('goes through where what they have in common was there before both', async () => {
    publish(third, await documentOf(third, ['third']))
    await setUp()
    // As if somebody had registered the server in the house by hand.
    await kept.hybrids.remove('hybrid')
    for (const [name, { url }] of [
      ['first', cloud],
      ['second', third],
    ] as const) {
      later()
      await call('hybrid.setup', { onPremises: onPremises.url, cloud: url, name })
    }
    await undo({ name: 'first' })
    expect(await call('hybrid.status', { name: 'second' })).toMatchObject({ inPlace: true })
  })
})

describe('status', () => {
  test('names what keeps it from working', async () => {
    await expect(call('hybrid.status')).rejects.toEqual(refused('missing'))
    await setUp()
    await call('client.disable', { client: cloud.id })
    expect(await status()).toMatchObject({ inPlace: false, problems: [expect.stringContaining('postern client enable')] })
    await call('client.enable', { client: cloud.id })
    const partner = await kept.partners.find(cloud.id)
    if (partner === undefined) throw new TypeError('no partner')
    await kept.partners.put({ ...partner, metadataProblem: 'pin_mismatch: another issuer' })
    expect(await status()).toMatchObject({ inPlace: false, problems: [expect.stringContaining('pin_mismatch')] })
  })

  test('misses a right that was there before the set-up as well', async () => {
    await setUp()
    // Everything is there, and nothing of it is in a record.
    await kept.hybrids.remove('hybrid')
    expect((await setUp()).changed).toBe(0)
    expect(await status()).toMatchObject({ inPlace: true, parts: [], problems: [] })
    const right = { client: cloud.id, resource: onPremises.url }
    await call('delegation.revoke', right)
    expect(await status()).toMatchObject({
      inPlace: false,
      problems: [expect.stringContaining(`postern delegation grant ${cloud.id} --resource ${onPremises.url}`)],
    })
    await call('client.withdraw', right)
    expect(await status()).toMatchObject({
      inPlace: false,
      problems: [expect.stringContaining(`postern client grant ${cloud.id} ${onPremises.url}`)],
    })
    await call('client.grant', right)
    await call('delegation.grant', right)
    expect(await status()).toMatchObject({ inPlace: true, problems: [] })
    const other = await find(onPremises)
    await call('client.withdraw', right)
    await kept.resources.remove(other?.id as never)
    expect(await status()).toMatchObject({ inPlace: false, problems: [`no resource has the name ${onPremises.url}`] })
  })

  test('is right again after another set-up', async () => {
    await setUp()
    await call('delegation.revoke', { client: cloud.id, resource: onPremises.url })
    await call('client.withdraw', { client: cloud.id, resource: onPremises.url })
    expect((await setUp()).changed).toBe(2)
    expect(await status()).toMatchObject({ inPlace: true })
  })
})
