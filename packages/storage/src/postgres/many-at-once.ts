/**
 * many-at-once is what statements have alike that do the same for many: their values travel column by column, all sealed bytes one
 * after the other, and each tells the trail of what it did.
 *
 * It does not know what is done, nor who goes together (group-commit.ts).
 */
import { type RawBuilder, sql } from 'kysely'
import type { NewAuditRow } from './row.ts'

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/**
 * The end of the statement that lists what is asked, `count` of them. A plan that serves any number reckons with a tenth of what is
 * listed, which is one. Planned for ten, a table that is small just then would be read whole for them, and the session would go on so
 * while the table grows.
 */
export const plannedForOne = (count: number): RawBuilder<unknown> => sql`limit ${count}::bigint`

/** Sealed bytes of many in one value: an array of bytes would travel as text of twice the length. */
export interface Pile {
  /** Where `bytes` begin, counted from 1; they are as long as they are. `null` for none. */
  add(bytes: Uint8Array | undefined): number | null
  whole(): Uint8Array
}

export function createPile(): Pile {
  const parts: Uint8Array[] = []
  let length = 0
  return {
    add(bytes) {
      if (bytes === undefined) return null
      parts.push(bytes)
      length += bytes.length
      return length - bytes.length + 1
    },
    whole: () => Buffer.concat(parts, length),
  }
}

/** The trail of many, column by column. */
export type TrailColumns = {
  readonly [K in Exclude<keyof NewAuditRow, 'realm_id'> as `trail_${K}`]: readonly NewAuditRow[K][]
}

export function toTrailColumns(rows: readonly NewAuditRow[]): TrailColumns {
  const column = <K extends keyof NewAuditRow>(name: K): readonly NewAuditRow[K][] => rows.map((row) => row[name])
  return {
    trail_id: column('id'),
    trail_at: column('at'),
    trail_event: column('event'),
    trail_outcome: column('outcome'),
    trail_reference: column('reference'),
    trail_account_id: column('account_id'),
    trail_client_id: column('client_id'),
    trail_actor: column('actor'),
    trail_source: column('source'),
    trail_detail: column('detail'),
  }
}

/** For the arguments of `unnest`, in the order of {@link trailNames}. */
export const trailValues = (all: TrailColumns): RawBuilder<unknown> => sql`
  ${all.trail_id}::text[], ${all.trail_at}::bigint[], ${all.trail_event}::text[], ${all.trail_outcome}::text[],
  ${all.trail_reference}::text[], ${all.trail_account_id}::text[], ${all.trail_client_id}::text[], ${all.trail_actor}::text[],
  ${all.trail_source}::text[], ${all.trail_detail}::text[]`

export const trailNames: RawBuilder<unknown> = sql.raw(
  'trail_id, trail_at, trail_event, trail_outcome, trail_reference, trail_account_id, trail_client_id, trail_actor, trail_source, trail_detail',
)

/** A row of the trail for each row of `source`, which has {@link trailNames} and `realm_id`. */
export const tellOfEach = (source: string): RawBuilder<unknown> => sql`
  insert into audit_event (realm_id, id, at, event, outcome, reference, account_id, client_id, actor, source, detail)
  select realm_id, trail_id, to_timestamp(trail_at / 1000.0), trail_event, trail_outcome, trail_reference, trail_account_id,
    trail_client_id, trail_actor, trail_source, trail_detail::json
  from ${sql.id(source)}`

/** Those that no earlier one shares its key with. Two that want the same row in one statement would each find it as it was. */
export function firstOfEach<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlySet<Item> {
  const first = new Map<string, Item>()
  for (const item of items) {
    const key = keyOf(item)
    if (!first.has(key)) first.set(key, item)
  }
  return new Set(first.values())
}
