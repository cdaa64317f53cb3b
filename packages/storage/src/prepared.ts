/**
 * prepared makes statements that are written once and run often: the text once a process, the plan once a session.
 *
 * It owns the names of prepared statements and what is filled in when one runs. It does not know what they say. Only for
 * statements that find their rows by a whole key: after a few runs PostgreSQL keeps one plan for all values, which is good
 * where one row is found and bad where values differ much, e.g. lists. Columns are named, because `*` would come to mean
 * something else with the next migration, and the server refuses that.
 * @module
 */
import type { Compilable, CompiledQuery, Kysely, QueryResult } from 'kysely'
import type { Schema } from './schema.ts'

/** Where a value goes, in a statement that is run later. */
class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A statement with the name under which each session keeps it. */
export interface NamedQuery extends CompiledQuery {
  readonly preparedName?: string
}

let prepared = 0

/**
 * `build` is called once and sees a place in each member of `input`, not a value: it may put it where a value goes, and may
 * not look at it. @throws {TypeError} where the statement names all columns by `*`.
 */
export function prepare<Input extends object, Found>(
  build: (db: Kysely<Schema>, input: Input) => Compilable<Found>,
): (db: Kysely<Schema>, input: Input) => Promise<QueryResult<Found>> {
  prepared += 1
  const preparedName = `postern_${prepared}`
  let compiled: CompiledQuery<Found> | undefined
  return (db, input) => {
    compiled ??= compileOnce(db, build)
    const values = new Map<string, unknown>(Object.entries(input))
    const parameters = compiled.parameters.map((one) => (one instanceof Slot ? values.get(one.name) : one))
    return db.executeQuery<Found>({ ...compiled, parameters, preparedName } as CompiledQuery<Found> & NamedQuery)
  }
}

function compileOnce<Input extends object, Found>(
  db: Kysely<Schema>,
  build: (db: Kysely<Schema>, input: Input) => Compilable<Found>,
): CompiledQuery<Found> {
  // Typed as the values that come later; kysely hands whatever it is on as a parameter.
  const slots = new Proxy({}, { get: (_, name) => new Slot(String(name)) }) as Input
  const compiled = build(db, slots).compile()
  if (compiled.sql.includes('*')) throw new TypeError('a statement that is kept names its columns')
  return compiled
}
