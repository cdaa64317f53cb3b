/**
 * access-pass knows the secret that an administrator gives to a person who has nothing else to show: a first factor is
 * bound with it, or a lost one replaced.
 *
 * It owns how a pass is made, typed and compared, and from when to when it is good. It does not own who may give one, nor
 * what a person may do with it; that a pass for one use is used once is the store's promise (`accessPasses.use`).
 * @module
 */
import type { AccessPass, AccountId, RealmStore } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { drawSecret, inGroups, secretTyped } from '../crockford.ts'
import { type Digest, isSameDigest } from '../digest.ts'
import type { Method } from '../method.ts'
import { codeRules } from '../throttle.ts'

export const shortestPassMinutes = 10
export const longestPassMinutes = 30 * 24 * 60

/** As for recovery codes: 80 bits are not found with ten tries a day, and an end could be brought about by a stranger. */
const rules = Object.freeze({ ...codeRules, disableAfter: 'never' as const })

export interface AccessPasses {
  /**
   * Makes a pass in the place of an earlier one. `pass` is shown once, in groups of four, and kept by nobody. Lives for
   * `minutes` from `startsAt`, or from now.
   * @throws {TypeError} when `minutes` is not a whole number from 10 to 43200
   */
  give(
    realm: RealmStore,
    wanted: { accountId: AccountId; uses: 'once' | 'many'; minutes: number; startsAt?: Date; createdBy: string },
  ): Promise<Readonly<{ pass: string; startsAt: Date; expiresAt: Date }>>
  /** `false`: there was none. */
  revoke(realm: RealmStore, accountId: AccountId): Promise<boolean>
}

const digestOf = (digest: Digest, realm: RealmStore, accountId: AccountId, id: string, pass: string): Uint8Array =>
  digest('access-pass', realm.realmId, accountId, id, pass)

export function createAccessPasses(parts: {
  clock: Clock
  /** n bytes of a cryptographically strong generator. */
  random: (bytes: number) => Uint8Array
  digest: Digest
  newId: () => string
}): AccessPasses {
  const { clock, random, digest, newId } = parts
  return Object.freeze({
    async give(realm, { accountId, uses, minutes, startsAt = clock(), createdBy }) {
      if (!Number.isInteger(minutes) || minutes < shortestPassMinutes || minutes > longestPassMinutes)
        throw new TypeError(`A pass lives from ${shortestPassMinutes} to ${longestPassMinutes} minutes.`)
      const id = newId()
      const pass = drawSecret(random)
      const expiresAt = new Date(startsAt.getTime() + minutes * 60_000)
      await realm.accessPasses.put({
        id,
        accountId,
        digest: digestOf(digest, realm, accountId, id, pass),
        uses,
        startsAt,
        expiresAt,
        createdAt: clock(),
        createdBy,
      })
      return Object.freeze({ pass: inGroups(pass), startsAt, expiresAt })
    },
    revoke: (realm, accountId) => realm.accessPasses.remove(accountId),
  } satisfies AccessPasses)
}

const isUsable = ({ uses, usedAt, startsAt, expiresAt }: AccessPass, now: Date): boolean =>
  startsAt <= now && expiresAt > now && (uses === 'many' || usedAt === undefined)

/** A way while there is a pass that is good. Its label is empty: pages have a name for it. */
export function createAccessPass({ clock, digest }: { clock: Clock; digest: Digest }): Method {
  return Object.freeze({
    id: 'access-pass',
    strength: 'second-factor',
    rules,
    opensEnrollment: true,
    async waysOf({ realm, accountId }) {
      const pass = await realm.accessPasses.find(accountId)
      if (pass === undefined || !isUsable(pass, clock())) return []
      return [Object.freeze({ method: 'access-pass', label: '', state: 'active', isDefault: false })]
    },
    async match({ realm, accountId }, _authenticators, answer, now) {
      const pass = await realm.accessPasses.find(accountId)
      if (pass === undefined || !isUsable(pass, now)) return 'expired'
      const typed = secretTyped(answer)
      if (typed === undefined) return undefined
      if (!isSameDigest(digestOf(digest, realm, accountId, pass.id, typed), pass.digest)) return undefined
      return Object.freeze({ amr: ['otp'], burn: () => realm.accessPasses.use(accountId, pass.id, now) })
    },
  } satisfies Method)
}
