import type { RealmId, RealmStore } from '@postern/storage'

interface Waiter {
  readonly after: number
  readonly settle: { resolve(): void; reject(fault: unknown): void }
}

/** Those who wait for the events of one realm, and the timer of their next look. */
interface Room {
  readonly waiters: Set<Waiter>
  timer: NodeJS.Timeout
}

export interface EventWaiting {
  /**
   * Resolves when the realm may have an event after `after`, when the time is over, when `signal` fires, and when the service
   * stops, whichever comes first; the caller looks what is there. Rejects with what the store throws.
   * @returns `undefined` where as many wait as may: nothing was begun
   */
  wait(
    realm: Pick<RealmStore, 'realmId' | 'revocations'>,
    until: { after: number; milliseconds: number; signal: AbortSignal },
  ): Promise<void> | undefined
  /** Sends everybody away now, and whoever comes later at once. */
  close(): void
}

/** However many wait, a realm is looked at once in `lookMilliseconds` (default a second), and not at all while nobody does. */
export function createEventWaiting({
  most,
  lookMilliseconds = 1_000,
}: {
  most: number
  lookMilliseconds?: number
}): EventWaiting {
  const rooms = new Map<RealmId, Room>()
  let waiting = 0
  let isClosed = false

  async function look(realm: Pick<RealmStore, 'realmId' | 'revocations'>, room: Room): Promise<void> {
    try {
      const { last } = await realm.revocations.bounds()
      for (const { after, settle } of room.waiters) if (last > after) settle.resolve()
    } catch (fault) {
      for (const { settle } of room.waiters) settle.reject(fault)
    }
  }

  function enter(realm: Pick<RealmStore, 'realmId' | 'revocations'>): Room {
    const known = rooms.get(realm.realmId)
    if (known !== undefined) return known
    const again = () => {
      room.timer = setTimeout(() => {
        void look(realm, room).then(() => {
          if (isClosed) return
          if (room.waiters.size > 0) again()
          else if (rooms.get(realm.realmId) === room) rooms.delete(realm.realmId)
        })
      }, lookMilliseconds)
    }
    const room = { waiters: new Set<Waiter>() } as Room // its timer is set in the next line
    again()
    rooms.set(realm.realmId, room)
    return room
  }

  return Object.freeze({
    wait(realm, { after, milliseconds, signal }) {
      if (isClosed || signal.aborted) return Promise.resolve()
      if (waiting >= most) return undefined
      const { waiters } = enter(realm)
      waiting += 1
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiter: Waiter = { after, settle: { resolve: () => resolve(), reject } }
      const end = () => resolve()
      const alarm = setTimeout(end, milliseconds)
      signal.addEventListener('abort', end)
      waiters.add(waiter)
      return promise.finally(() => {
        clearTimeout(alarm)
        signal.removeEventListener('abort', end)
        waiters.delete(waiter)
        waiting -= 1
      })
    },
    close() {
      isClosed = true
      for (const { timer, waiters } of rooms.values()) {
        clearTimeout(timer)
        for (const { settle } of waiters) settle.resolve()
      }
      rooms.clear()
    },
  } satisfies EventWaiting)
}
