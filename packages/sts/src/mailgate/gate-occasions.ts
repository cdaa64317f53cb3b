import { LRUCache } from 'lru-cache'

/** What was done last about something, so that a phone that comes every minute is not written down every minute. */
export interface Occasions {
  /**
   * Does `work` where the last thing done about `about` was another than `what`, or is `seconds` old. Noted before it is
   * done, so that of many at once one does it; taken back where it fails. Of all that name the same `within`, `most` are done in
   * `seconds`, and the others are passed over until those are over. Kept by this process alone, and bounded: another process, or a
   * forgotten one, means one row more.
   */
  seldom(occasion: Occasion, work: () => Promise<unknown>): Promise<void>
}

type Occasion = Readonly<{ about: string; what: string; seconds: number; within?: Readonly<{ name: string; most: number }> }>

export function createOccasions({ clock, most = 50_000 }: { clock: () => Date; most?: number }): Occasions {
  const done = new LRUCache<string, { what: string; at: number }>({ max: most })
  const counts = new LRUCache<string, { since: number; count: number }>({ max: most })

  /** Counts one more. `false`: there were as many as may be. */
  function takeOne({ within, seconds }: Occasion, now: number): boolean {
    if (within === undefined) return true
    const before = counts.get(within.name)
    const isOver = before === undefined || now < before.since || before.since + seconds * 1000 <= now
    const counted = isOver ? { since: now, count: 0 } : before
    if (counted.count >= within.most) return false
    counts.set(within.name, { ...counted, count: counted.count + 1 })
    return true
  }

  return Object.freeze({
    async seldom(occasion: Occasion, work: () => Promise<unknown>) {
      const { about, what, seconds } = occasion
      const now = clock().getTime()
      const before = done.get(about)
      if (before !== undefined && before.what === what && before.at <= now && now < before.at + seconds * 1000) return
      if (!takeOne(occasion, now)) return
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
