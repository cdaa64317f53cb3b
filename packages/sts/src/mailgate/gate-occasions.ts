import { LRUCache } from 'lru-cache'

/** What was done last about something, so that a phone that comes every minute is not written down every minute. */
export interface Occasions {
  /**
   * Does `work` where the last thing done about `about` was another than `what`, or is `seconds` old. Noted before it is
   * done, so that of many at once one does it; taken back where it fails. Kept by this process alone, and bounded: another
   * process, or a forgotten one, means one row more.
   */
  seldom(occasion: { about: string; what: string; seconds: number }, work: () => Promise<unknown>): Promise<void>
}

export function createOccasions({ clock, most = 50_000 }: { clock: () => Date; most?: number }): Occasions {
  const done = new LRUCache<string, { what: string; at: number }>({ max: most })
  return Object.freeze({
    async seldom({ about, what, seconds }: { about: string; what: string; seconds: number }, work: () => Promise<unknown>) {
      const now = clock().getTime()
      const before = done.get(about)
      if (before !== undefined && before.what === what && before.at <= now && now < before.at + seconds * 1000) return
      const mine = { what, at: now }
      done.set(about, mine)
      try {
        await work()
      } catch (error) {
        if (done.get(about) === mine) done.delete(about)
        throw error
      }
    },
  } satisfies Occasions)
}
