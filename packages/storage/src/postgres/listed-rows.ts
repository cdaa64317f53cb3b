import { type RawBuilder, sql } from 'kysely'

/**
 * The elements of several arrays side by side, as rows of a table called `as`, for a statement that is kept prepared. With `place` a last
 * column of that name counts them from 1.
 *
 * How long the arrays are is hidden from the planner behind `offset 0`. Where it sees them, it expects as many rows as
 * there are, which for a few is cheaper than the ten that it expects of any: so it would plan a statement anew at each run,
 * which takes longer than to run it, and would never keep a plan.
 */
export function listedRows(
  as: string,
  columns: Readonly<Record<string, RawBuilder<unknown>>>,
  place?: string,
): RawBuilder<unknown> {
  const names = Object.keys(columns)
  // Called otherwise than the columns, so that nobody mistakes one for the other.
  const called = names.map((_, at) => sql.id(`list_${at}`))
  const lists = sql.join(Object.values(columns).map((list, at) => sql`${list} as ${called[at]}`))
  const counted = place === undefined ? sql`` : sql`with ordinality`
  const all = sql.join([...names, ...(place === undefined ? [] : [place])].map((name) => sql.id(name)))
  return sql`(select ${lists} offset 0) as lists, unnest(${sql.join(called)}) ${counted} as ${sql.id(as)} (${all})`
}
