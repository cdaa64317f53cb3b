/** What was used lately, by name, and no more of it than was agreed. */
export interface Generations<Kept> {
  find(name: string): Kept | undefined
  keep(name: string, kept: Kept): void
  forget(name: string): void
  readonly size: number
}

/**
 * Two tables: when the young one holds half of `most` it becomes the old one, and the old one goes. What is found moves to the
 * young one. So it never holds more than `most`, whatever was used among the last half of them is there, and nothing is ever
 * searched through.
 */
export function createGenerations<Kept>(most: number): Generations<Kept> {
  const each = Math.floor(most / 2)
  let young = new Map<string, Kept>()
  let old = new Map<string, Kept>()

  const keep = (name: string, kept: Kept): void => {
    if (each === 0) return
    old.delete(name)
    if (!young.has(name) && young.size >= each) {
      old = young
      young = new Map()
    }
    young.set(name, kept)
  }

  return Object.freeze({
    keep,
    find(name: string) {
      const found = young.get(name)
      if (found !== undefined) return found
      const earlier = old.get(name)
      if (earlier !== undefined) keep(name, earlier)
      return earlier
    },
    forget(name: string) {
      young.delete(name)
      old.delete(name)
    },
    get size() {
      return young.size + old.size
    },
  } satisfies Generations<Kept>)
}
