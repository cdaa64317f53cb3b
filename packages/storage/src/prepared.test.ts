import { afterAll, expect, test } from 'vitest'
import { connect } from './connect.ts'
import { prepare } from './prepared.ts'

const connection = connect({ kind: 'pglite' })
afterAll(() => connection.close())

test('each run of a prepared statement has its own values, and constants stay', async () => {
  await connection.runScript('create table realm_domain (realm_id text, domain text, position int)')
  const add = prepare((db, row: { realm: string; domain: string }) =>
    db.insertInto('realm_domain').values({ realm_id: row.realm, domain: row.domain, position: 7 }),
  )
  const find = prepare((db, at: { domain: string }) =>
    db
      .selectFrom('realm_domain')
      .select(['realm_id', 'position'])
      .where('domain', '=', at.domain)
      .where('position', '=', 7)
      .where('realm_id', '!=', at.domain),
  )
  await add(connection.db, { realm: 'a', domain: 'one' })
  const { numAffectedRows } = await add(connection.db, { realm: 'b', domain: 'two' })
  expect(numAffectedRows).toBe(1n)
  expect((await find(connection.db, { domain: 'one' })).rows).toEqual([{ realm_id: 'a', position: 7 }])
  expect((await find(connection.db, { domain: 'two' })).rows).toEqual([{ realm_id: 'b', position: 7 }])
  expect((await find(connection.db, { domain: 'three' })).rows).toEqual([])
})

test('a statement with `*` is refused, since a migration would change what it means', () => {
  const all = prepare((db, at: { id: string }) => db.selectFrom('realm').selectAll().where('id', '=', at.id))
  expect(() => all(connection.db, { id: 'x' })).toThrow(TypeError)
})
