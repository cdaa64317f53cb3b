import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backends, type OpenBackend } from './contract/backend.ts'
import { sampleSigningKey } from './contract/samples.ts'
import { hasInstallation, openInstallation } from './installation.ts'

describe.each(backends)('a database on $name', (backend) => {
  let opened: OpenBackend
  const newKey = () => new Uint8Array(randomBytes(32))

  beforeAll(async () => {
    opened = await backend.open()
  }, 60_000)

  afterAll(() => opened.close())

  test('that nobody used has no installation, and of several keys at once one wins', async () => {
    const { connection } = opened
    expect(await hasInstallation(connection)).toBe(false)
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => openInstallation(connection, newKey())))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await hasInstallation(connection)).toBe(true)
    await connection.runScript('delete from installation')
  })

  test('from before the key was kept takes only the key that opens what is in it', async () => {
    const { connection, masterKey, newRealm } = opened
    expect(await hasInstallation(connection)).toBe(false)
    const realm = await newRealm()
    await realm.signingKeys.add({ ...sampleSigningKey(), kid: randomUUID() })
    expect(await hasInstallation(connection)).toBe(true)
    await expect(openInstallation(connection, newKey())).rejects.toMatchObject({ code: 'unknown_key' })
    await openInstallation(connection, masterKey)
    await openInstallation(connection, masterKey)
  })

  test('refuses another key than the first, and changes nothing', async () => {
    const { connection, masterKey } = opened
    await openInstallation(connection, masterKey)
    // As if the newest migration were still to come.
    await connection.runScript('delete from migration where number = (select max(number) from migration)')
    const last = () => connection.session((session) => session.query('select max(number) as last from migration'))
    const before = await last()
    await expect(openInstallation(connection, newKey())).rejects.toMatchObject({ code: 'unknown_key' })
    expect(await last()).toEqual(before)
    const kept = await connection.session((session) => session.query('select key_fingerprint from installation'))
    expect(kept).toHaveLength(1)
    expect(Buffer.from(kept[0]?.key_fingerprint as Uint8Array).includes(Buffer.from(masterKey))).toBe(false)
  })
})
