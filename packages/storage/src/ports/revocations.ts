import type { AccountId } from '../identifiers.ts'

/** What has ended, and for whom. Written by triggers of the database in the very transaction that ends it, so that no way of ending access forgets to tell. */
export type RevocationKind = (typeof revocationKinds)[number]
export const revocationKinds = [
  'account-disabled',
  'account-removed',
  'signed-out',
  'password-changed',
  'refresh-family',
  'session',
  'client-disabled',
  'mail-app',
  'app-password',
  'account-renamed',
] as const

export interface Revocation {
  /** Counts the realm's events up from 1 without a gap; the order of the numbers is the order in which they became visible. */
  readonly number: number
  readonly at: Date
  readonly kind: RevocationKind
  readonly accountId?: AccountId
  /** Of the account, as it was then: it may be gone. Of `account-renamed`: the one name, UPN or address, that it has no more. */
  readonly upn?: string
  readonly clientId?: string
  readonly familyId?: string
  /** `sid` of the tokens of that session. */
  readonly sessionId?: string
  readonly mailAppId?: string
}

export interface RevocationStore {
  /** Those after `number`, in order. */
  since(number: number, limit: number): Promise<readonly Revocation[]>
  /** Of the newest and the oldest one kept: `first` is `last + 1` where none is. One cheap read. */
  bounds(): Promise<{ readonly first: number; readonly last: number }>
  /** For what ends outside of the tables that have triggers. Inside the transaction that ends it. */
  append(revocation: Omit<Revocation, 'number'>): Promise<void>
  /**
   * For a database that was put back from a backup: whoever signed in until `at` has to do so again, and what came of those
   * sign-ins is dead, whatever the backup says of it. Access passes and remembered browsers go too. The numbers of further
   * events leave room, so that none is one that a reader has seen before the restore. Never goes back.
   */
  startAnew(at: Date): Promise<void>
  /**
   * Takes the turn of a reader of this service, e.g. the one that ends a mail server's connections, until `until`: the number
   * up to which it has read, or `undefined` while another process has the turn. So two processes do not do one thing twice at
   * the same time. A reader that was never heard of begins after the newest event.
   */
  takeTurn(reader: string, turn: { now: Date; until: Date }): Promise<number | undefined>
  /** Ends the turn and notes how far it came. Never goes back. */
  endTurn(reader: string, readUntil: number): Promise<void>
  /** Forgets the reader, e.g. with its mail server. */
  removeReader(reader: string): Promise<void>
}
