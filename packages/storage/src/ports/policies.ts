/** A policy as it is kept. What `definition` means is known to `sts/policy`, which parses it. */
export interface StoredPolicy {
  readonly id: string
  readonly name: string
  readonly mode: 'on' | 'report-only' | 'off'
  readonly definition: Readonly<Record<string, unknown>>
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface PolicyStore {
  list(): Promise<readonly StoredPolicy[]>
  put(policy: StoredPolicy): Promise<void>
  remove(id: string): Promise<boolean>
}
