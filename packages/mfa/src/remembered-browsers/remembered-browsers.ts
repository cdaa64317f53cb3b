/**
 * remembered-browsers knows the browsers in which a person showed a second factor and asked to be remembered.
 *
 * It owns the value of their cookie, and how one is known again. It does not own the cookie itself, nor what follows from
 * it: that a browser is known is a signal for policy and never stands for a factor (R129).
 * @module
 */
import type { AccountId, RealmStore, RememberedBrowser } from '@postern/storage'
import type { Clock } from '../clock.ts'
import type { Digest } from '../digest.ts'

const secretBytes = 32
const mostDays = 365
/** A person with more than these has forgotten about most: the one seen longest ago makes room. */
const mostBrowsers = 20

/** What its owner is told of a browser. */
export type KnownBrowser = Readonly<Omit<RememberedBrowser, 'digest' | 'accountId'>>

export interface RememberedBrowsers {
  /**
   * `cookie` is kept by that browser alone; we keep a keyed digest. `instead`: the cookie that the browser had before; if it
   * was this account's, it ends.
   * @throws {TypeError} when `days` is not a whole number from 1 to 365
   */
  remember(
    realm: RealmStore,
    wanted: { accountId: AccountId; label: string; days: number; instead?: string },
  ): Promise<Readonly<{ id: string; cookie: string; expiresAt: Date }>>
  /** Whether this is a browser that this account remembers; notes that it was seen. Hostile input is welcome. */
  recognise(realm: RealmStore, accountId: AccountId, cookie: string | undefined): Promise<boolean>
  /** Last seen first. */
  list(realm: RealmStore, accountId: AccountId): Promise<readonly KnownBrowser[]>
  /** `false`: not this account's. */
  forget(realm: RealmStore, accountId: AccountId, id: string): Promise<boolean>
  /** Returns how many went. */
  forgetAll(realm: RealmStore, accountId: AccountId): Promise<number>
}

export function createRememberedBrowsers(parts: {
  clock: Clock
  /** n bytes of a cryptographically strong generator. */
  random: (bytes: number) => Uint8Array
  digest: Digest
  newId: () => string
}): RememberedBrowsers {
  const { clock, random, digest, newId } = parts

  async function find(realm: RealmStore, accountId: AccountId, cookie: string | undefined) {
    const [, id, secret] = cookie?.match(/^([\w-]{1,64})\.([\w-]{43})$/) ?? []
    if (id === undefined || secret === undefined) return undefined
    const kept = digest('remembered-browser', realm.realmId, accountId, id, secret)
    const found = await realm.rememberedBrowsers.find(accountId, kept, clock())
    return found?.id === id ? found : undefined
  }

  return Object.freeze({
    async remember(realm, { accountId, label, days, instead }) {
      if (!Number.isInteger(days) || days < 1 || days > mostDays)
        throw new TypeError(`A browser is remembered for 1 to ${mostDays} days.`)
      const before = await find(realm, accountId, instead)
      if (before !== undefined) await realm.rememberedBrowsers.remove(accountId, before.id)
      const now = clock()
      const others = await realm.rememberedBrowsers.list(accountId, now)
      for (const { id } of others.slice(mostBrowsers - 1)) await realm.rememberedBrowsers.remove(accountId, id)

      const id = newId()
      const secret = Buffer.from(random(secretBytes)).toString('base64url')
      const expiresAt = new Date(now.getTime() + days * 24 * 3600 * 1000)
      await realm.rememberedBrowsers.add({
        id,
        accountId,
        digest: digest('remembered-browser', realm.realmId, accountId, id, secret),
        label,
        createdAt: now,
        lastSeenAt: now,
        expiresAt,
      })
      return Object.freeze({ id, cookie: `${id}.${secret}`, expiresAt })
    },
    async recognise(realm, accountId, cookie) {
      const found = await find(realm, accountId, cookie)
      return found !== undefined && realm.rememberedBrowsers.seen(found.id, clock())
    },
    async list(realm, accountId) {
      const kept = await realm.rememberedBrowsers.list(accountId, clock())
      return Object.freeze(
        kept.map(({ id, label, createdAt, lastSeenAt, expiresAt }) =>
          Object.freeze({ id, label, createdAt, lastSeenAt, expiresAt }),
        ),
      )
    },
    forget: (realm, accountId, id) => realm.rememberedBrowsers.remove(accountId, id),
    forgetAll: (realm, accountId) => realm.rememberedBrowsers.removeAll(accountId),
  } satisfies RememberedBrowsers)
}
