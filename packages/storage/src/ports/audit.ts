/** One decision as it is kept. The closed union of events lives in `sts/audit/events.ts`. */
export interface AuditRow {
  readonly id: string
  readonly at: Date
  readonly event: string
  readonly outcome: 'allowed' | 'refused' | 'failed'
  /** Correlation id, equal to the one in the log and on the page. */
  readonly reference: string
  readonly accountId?: string
  readonly clientId?: string
  readonly actor?: string
  readonly source?: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditStore {
  append(row: AuditRow): Promise<void>
  /** Newest first. */
  list(page: {
    before?: Date
    limit: number
    reference?: string
    accountId?: string
    event?: string
  }): Promise<readonly AuditRow[]>
}
