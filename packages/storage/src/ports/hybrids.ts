/** What `postern hybrid setup` made, kept so that it can be run again and undone. */
export interface Hybrid {
  /** Chosen by the administrator; one realm may have several. */
  readonly name: string
  /** What was made, in the order in which it was made; the shape is the admin room's own. */
  readonly made: readonly Readonly<Record<string, unknown>>[]
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface HybridStore {
  find(name: string): Promise<Hybrid | undefined>
  list(): Promise<readonly Hybrid[]>
  /** Puts it there or in the place of the one of the same name. */
  put(hybrid: Hybrid): Promise<void>
  remove(name: string): Promise<boolean>
}
