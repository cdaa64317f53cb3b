import { randomBytes } from 'node:crypto'
import { connect, createStore, migrate, type Realm } from '@postern/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { operations } from '../operations.ts'
import { type AdminStage, openAdminStage } from '../testing/admin-stage.ts'

let stage: AdminStage
let realm: Realm
let counter = 0

beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  stage = await openAdminStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})

afterAll(() => stage.store.close())

beforeEach(async () => {
  counter += 1
  await call('realm.add', { domain: `r${counter}.contoso.com` }, null)
  const found = await stage.store.realms.findByDomain(`r${counter}.contoso.com`)
  if (found === undefined) throw new TypeError('no realm')
  realm = found
})

async function call(name: string, input: Record<string, unknown> = {}, within: Realm | null = realm) {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  const output = await operation.execute(stage.ports, {
    input,
    actor: 'test',
    reference: 'ref',
    ...(within === null ? {} : { realm: within }),
  })
  return output as Readonly<Record<'id' | 'upn', string>> // each test reads what its operation gives
}

const refused = (code: string) => expect.objectContaining({ name: 'OperationRefused', code })
const domain = () => realm.domains[0] ?? ''
const mary = () => call('account.add', { upn: `mary@${domain()}` })

describe('policy', () => {
  test('a new one only reports, until it is switched on', async () => {
    expect(
      await call('policy.put', { policy: 'No guests', definition: { when: { group: ['guests'] }, access: 'block' } }),
    ).toMatchObject({ mode: 'report-only' })
    expect(await call('policy.set-mode', { policy: 'No guests', mode: 'on' })).toMatchObject({ mode: 'on' })
    await call('account.add', { upn: `guest@${domain()}`, groups: ['guests'] })
    expect(await call('policy.try', { account: `guest@${domain()}` })).toMatchObject({ outcome: 'block' })
  })

  test('try sees what is demanded of the account itself, which only adds', async () => {
    const account = await mary()
    await call('policy.set-mode', { policy: 'Everybody needs a second factor', mode: 'report-only' })
    expect(await call('policy.try', { account: account.upn })).toMatchObject({ outcome: 'allow', missing: [] })
    await call('mfa.set', { account: account.upn, state: 'enforced' })
    expect(await call('policy.try', { account: account.upn })).toMatchObject({
      outcome: 'require',
      missing: ['second-factor'],
      because: [{ mode: 'report-only' }, { policy: 'the state of the account', result: 'missing' }],
    })
    expect(await call('policy.try', { account: account.upn, evidence: ['pwd', 'rba'] })).toMatchObject({ outcome: 'require' })
    expect(await call('policy.try', { account: account.upn, evidence: ['pwd', 'otp'] })).toMatchObject({ outcome: 'allow' })
    await call('policy.put', { policy: 'Nobody', definition: { access: 'block' }, mode: 'on' })
    expect(await call('policy.try', { account: account.upn })).toMatchObject({ outcome: 'block', missing: [] })
  })

  test('try says what is missing, and why', async () => {
    const account = await mary()
    expect(await call('policy.try', { account: account.upn })).toMatchObject({
      outcome: 'require',
      missing: ['second-factor'],
      because: [{ result: 'missing' }],
    })
    expect(await call('policy.try', { account: account.upn, evidence: ['pwd', 'otp'] })).toMatchObject({ outcome: 'allow' })
  })

  test('try knows browsers that are remembered, and those that are not', async () => {
    const account = await mary()
    await call('policy.remove', { policy: 'Everybody needs a second factor' })
    const definition = { except: { browser: ['remembered'] }, require: ['second-factor'] }
    await call('policy.put', { policy: 'New browsers', definition, mode: 'on' })
    expect(await call('policy.try', { account: account.upn })).toMatchObject({ outcome: 'require' })
    expect(await call('policy.try', { account: account.upn, browser: 'remembered' })).toMatchObject({ outcome: 'allow' })
  })

  test('one that means nothing is refused', async () => {
    await expect(call('policy.put', { policy: 'x', definition: { require: ['magic'] } })).rejects.toEqual(
      refused('policy_invalid'),
    )
  })

  describe('about a resource', () => {
    const audience = 'https://mail.contoso.com/'
    const block = (resource: string, where: 'when' | 'except' = 'when') =>
      call('policy.put', { policy: 'x', mode: 'on', definition: { [where]: { resource: [resource] }, access: 'block' } })
    let id: string
    beforeEach(async () => {
      id = (await call('resource.add', { audience, names: ['mail-server:main'], scopes: ['Mail.Read'] })).id
      await call('policy.remove', { policy: 'Everybody needs a second factor' })
      await mary()
    })

    test('is kept under its audience, whichever of its names was written, and try says the same of each', async () => {
      for (const written of [
        audience,
        'https://mail.contoso.com',
        'mail-server:main',
        'mail-server:main/',
        id,
        id.toUpperCase(),
      ]) {
        expect(await block(written), written).toMatchObject({ definition: { when: { resource: [audience] } } })
        expect(await block(written, 'except'), written).toMatchObject({ definition: { except: { resource: [audience] } } })
        await block(audience)
        expect(await call('policy.try', { account: `mary@${domain()}`, resource: written }), written).toMatchObject({
          outcome: 'block',
        })
      }
    })

    test('is refused where there is no such resource, in when and except; so is a try', async () => {
      for (const unknown of ['https://MAIL.contoso.com/', 'https://mail.contoso.com//', 'https://mail.contoso.org/', 'mail']) {
        await expect(block(unknown), unknown).rejects.toEqual(refused('policy_invalid'))
        await expect(block(unknown, 'except'), unknown).rejects.toEqual(refused('policy_invalid'))
        await expect(call('policy.try', { account: `mary@${domain()}`, resource: unknown }), unknown).rejects.toEqual(
          refused('missing'),
        )
      }
      await expect(call('policy.show', { policy: 'x' })).rejects.toEqual(refused('missing'))
    })

    test('goes with the resource when its audience changes, and also names a disabled one', async () => {
      await block(audience)
      await call('resource.disable', { resource: id })
      await block('mail-server:main')
      const moved = 'https://post.contoso.com/'
      await call('resource.change', { resource: id, audience: moved })
      expect(await call('policy.show', { policy: 'x' })).toMatchObject({
        mode: 'on',
        definition: { when: { resource: [moved] }, access: 'block' },
      })
    })
  })
})
