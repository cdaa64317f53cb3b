import { randomBytes, randomUUID } from 'node:crypto'
import { connect, createStore, migrate, type Realm } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations } from '../operations.ts'
import { type AdminStage, openAdminStage } from '../testing/admin-stage.ts'

let stage: AdminStage
let realm: Realm | undefined
const reference = '7KQF-2M9X-4TDA'

beforeAll(async () => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  stage = await openAdminStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
  await call('realm.add', { domain: 'contoso.com' })
  realm = await stage.store.realms.findByDomain('contoso.com')
}, 60_000)

afterAll(() => stage.store.close())

async function call(name: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  return operation.execute(stage.ports, { input, actor: 'test', reference, ...(realm === undefined ? {} : { realm }) })
}

test('what was given to an account or a client can be taken away, and what is left out stays', async () => {
  const account = 'mary@contoso.com'
  await call('account.add', { upn: account, phone: '+4915112345678', groups: ['staff'] })
  expect(await call('account.change', { account, displayName: 'Mary' })).toMatchObject({
    phone: '+4915112345678',
    groups: ['staff'],
  })
  expect(await call('account.change', { account, phone: '', groups: [] })).toMatchObject({ groups: [], displayName: 'Mary' })
  expect(await call('account.show', { account })).not.toHaveProperty('phone')

  const client = randomUUID()
  const backchannelLogoutUri = 'https://app.contoso.com/out'
  await call('client.add', { id: client, preset: 'thunderbird', backchannelLogoutUri })
  expect(await call('client.change', { client, displayName: 'Bird' })).toMatchObject({ backchannelLogoutUri })
  expect(await call('client.change', { client, backchannelLogoutUri: '' })).not.toHaveProperty('backchannelLogoutUri')
})

test('a reference number is found however it was typed', async () => {
  const found = await call('audit.show', { reference })
  expect(found).toContainEqual(expect.objectContaining({ reference }))
  for (const typed of ['7kqf2m9x4tda', '7kqf-2m9x-4tda', '7KQF 2M9X 4TDA'])
    expect(await call('audit.show', { reference: typed })).toEqual(found)
  await expect(call('audit.show', { reference: '7kqf2m9x4tdb' })).rejects.toMatchObject({ code: 'missing' })
})
