import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { listedRows } from './listed-rows.ts'

const connection = connect({ kind: 'pglite' })
afterAll(() => connection.close())

test('elements of several lists stand side by side, and are counted where that is asked for', async () => {
  const columns = { id: sql`${['a', 'b']}::text[]`, amount: sql`${[7, 8]}::int[]` }
  const { rows } = await sql`select given.* from ${listedRows('given', columns, 'place')}`.execute(connection.db)
  expect(rows).toEqual([
    { id: 'a', amount: 7, place: 1 },
    { id: 'b', amount: 8, place: 2 },
  ])
  const { rows: uncounted } = await sql`select given.* from ${listedRows('given', columns)}`.execute(connection.db)
  expect(uncounted).toEqual([
    { id: 'a', amount: 7 },
    { id: 'b', amount: 8 },
  ])
})

test('a prepared statement that goes through one element at a time keeps its plan', async () => {
  const listed = listedRows('asked', { id: sql`$1::int[]` })
  const text = sql`select kept.id from ${listed}, lateral (select id from kept where kept.id = asked.id offset 0) as kept`
  const plans = await connection.session(async ({ query }) => {
    await query('create table kept as select id from generate_series(1, 20000) as id')
    await query('create unique index kept_ix on kept (id)')
    await query('analyze kept')
    await query(`prepare found (int[]) as ${text.compile(connection.db).sql}`)
    for (let run = 1; run <= 7; run += 1) await query(`execute found ('{${run}}')`)
    return query("select generic_plans, custom_plans from pg_prepared_statements where name = 'found'")
  })
  // PostgreSQL plans the first five runs anew, to know what that would bring.
  expect(plans).toEqual([{ generic_plans: 2, custom_plans: 5 }])
})
