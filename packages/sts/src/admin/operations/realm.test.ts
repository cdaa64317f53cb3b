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

describe('what a realm says about factors', () => {
  test('takes what it trusts, forbids and remembers about factors, and lets go of it again', async () => {
    const wanted = {
      trustedNetworks: ['192.0.2.0/24', '2001:db8::/32'],
      rememberBrowserDays: 30,
      disabledMethods: ['sms'],
      smsPrefixes: ['+49', '+4366'],
    }
    expect(await call('realm.change', { realm: realm.id, ...wanted }, null)).toMatchObject({ settings: wanted })
    const { settings } = (await call(
      'realm.change',
      {
        realm: realm.id,
        trustedNetworks: [],
        disabledMethods: [],
        smsPrefixes: [],
      },
      null,
    )) as unknown as Realm
    expect(settings).toMatchObject({ trustedNetworks: [], disabledMethods: [], rememberBrowserDays: 30 })
    expect(settings).not.toHaveProperty('smsPrefixes')
    expect((await stage.store.realms.find(realm.id))?.settings).toEqual(settings)
  })

  test.each([
    [{ trustedNetworks: ['0.0.0.0/0'] }],
    [{ trustedNetworks: ['::/0'] }],
    [{ trustedNetworks: ['192.0.2.0/33'] }],
    [{ trustedNetworks: ['office'] }],
    [{ smsPrefixes: ['49'] }],
    [{ smsPrefixes: ['+0'] }],
    [{ smsPrefixes: ['+'] }],
    [{ rememberBrowserDays: 91 }],
    [{ disabledMethods: ['totp', 'sms', 'webauthn'] }],
    [{ disabledMethods: ['recovery-code'] }],
  ])('refuses %j', async (wanted) => {
    await expect(call('realm.change', { realm: realm.id, ...wanted }, null)).rejects.toEqual(refused('invalid'))
  })
})
