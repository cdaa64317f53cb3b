import type { Selectable } from 'kysely'
import type { Clock } from '../clock.ts'
import type { RealmId } from '../identifiers.ts'
import type { ClientWithCredentials } from '../ports/clients.ts'
import type { GateView } from '../ports/mail-apps.ts'
import type { Schema } from '../schema.ts'
import type { Sealer } from '../sealing.ts'
import type { Database } from '../transaction.ts'
import type { CodePlace, CodeRow, Redemption } from './code-redemption.ts'
import type { GateLook } from './gate-view.ts'
import type { Rotation, UnusedPlace, UnusedRow } from './refresh-rotation.ts'

/** What each port of a realm is made from. */
export interface RealmPart {
  readonly database: Database
  readonly realmId: RealmId
  readonly sealer: Sealer
  readonly clock: Clock
  /** One for the whole installation, so that callers of different realms can share a statement. */
  readonly appendAuditRow: (row: NewAuditRow) => Promise<void>
  readonly claimReplay: (claim: ReplayClaim) => Promise<boolean>
  readonly readClient: (place: ClientPlace) => Promise<ClientWithCredentials | undefined>
  readonly lookAtGate: (look: GateLook) => Promise<GateView | undefined>
  readonly readUnused: (place: UnusedPlace) => Promise<UnusedRow | undefined>
  readonly rotate: (rotation: Rotation) => Promise<boolean>
  readonly readCode: (place: CodePlace) => Promise<CodeRow | undefined>
  readonly redeem: (redemption: Redemption) => Promise<boolean>
}

/** Where a client is; the id is text that the database can hold. */
export interface ClientPlace {
  readonly realmId: RealmId
  readonly id: string
}

/** An audit row as it is written: text that the database keeps whatever it is. */
export type NewAuditRow = Omit<Row<'audit_event'>, 'detail' | 'at'> & {
  /** Milliseconds since 1970: as text, the engines differ in which years they take. */
  readonly at: number
  /** JSON */
  readonly detail: string
}

export interface ReplayClaim {
  readonly realmId: RealmId
  readonly hash: Uint8Array
  readonly expiresAt: Date
}

/** A row as it is read. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>

/** The members that are there: a column without a value becomes a member that is absent. */
export function present<T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const there = Object.entries(members).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(there) as { [K in keyof T]?: NonNullable<T[K]> } // the same keys with fewer values
}

/** pg gives Buffers and PGlite plain arrays; callers get plain arrays. */
export const bytes = (value: Uint8Array): Uint8Array => new Uint8Array(value)

export const list = <T>(values: readonly T[]): readonly T[] => Object.freeze([...values])

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a look-up by `value` can find anything: PostgreSQL refuses to compare a UUID with something else. */
export const isUuid = (value: string): boolean => uuid.test(value)

/** Whether a look-up by `value` can find anything: PostgreSQL has no text with a NUL in it. */
export const isText = (value: string): boolean => !value.includes('\0')

/** For text of hostile origin that must be kept all the same. */
export const keepable = (value: string): string => value.replaceAll('\0', '\uFFFD')

/**
 * JSON that the database keeps whatever its strings are: jsonb refuses NUL and half a surrogate pair. They are replaced;
 * names of members are ours and stay as they are.
 */
export const keepableJson = (value: object): string =>
  JSON.stringify(value, (_, member: unknown) => (typeof member === 'string' ? keepable(member.toWellFormed()) : member))

/** Whether the database refused a row because of this unique index. Both engines tell the SQLSTATE and the name. */
export const isTakenBy = (error: unknown, constraint: string): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  error.code === '23505' &&
  'constraint' in error &&
  error.constraint === constraint

/** One form for names that people write in different ways: case, and composed or decomposed letters. */
export const folded = (name: string): string => name.normalize('NFC').toLowerCase()

/** Thrown inside `together` to undo it; never leaves the port. */
export class Taken extends Error {
  override readonly name = 'Taken'
}
