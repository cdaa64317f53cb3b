/** Does a piece of work once for all who ask for it while it runs. */
export interface SharedWork<T> {
  /** `isFirst`: this call began it. What it comes to, or throws, is the same for everybody. */
  share(name: string, work: () => Promise<T>): Readonly<{ isFirst: boolean; done: Promise<T> }>
}

/**
 * A mail app opens several connections at once, each with the same password: they are one hash, not several. Names may
 * hold secrets: they are held as long as the requests that sent them, and no longer.
 */
export function createSharedWork<T>(): SharedWork<T> {
  const running = new Map<string, Promise<T>>()
  return Object.freeze({
    share(name: string, work: () => Promise<T>) {
      const already = running.get(name)
      if (already !== undefined) return { isFirst: false, done: already }
      const done = work().finally(() => running.delete(name))
      running.set(name, done)
      return { isFirst: true, done }
    },
  } satisfies SharedWork<T>)
}
