/**
 * recovery-codes knows the ten codes that a person keeps on paper for the day when their factors are gone
 * (NIST SP 800-63B-4 section 4.2.1.1; R117).
 *
 * It owns how codes are made, typed and digested, and when few are left. It does not own the once of each, which is the
 * store's promise (`recoveryCodes.use`), nor who may have a new set.
 * @module
 */
import type { AccountId, RealmStore } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { drawSecret, inGroups, secretTyped } from '../crockford.ts'
import type { Digest } from '../digest.ts'
import type { Method } from '../method.ts'
import { codeRules } from '../throttle.ts'

const codesInSet = 10
const few = 3

/**
 * Counted like other codes, so that whoever tries them is told about. They never end: nobody finds 80 bits with ten tries
 * a day, and an end could be brought about by a stranger with the password.
 */
const rules = Object.freeze({ ...codeRules, disableAfter: 'never' as const })

export type CodesLeft = Readonly<{ left: number; of: number; isLow: boolean }>

export interface RecoveryCodes {
  /**
   * Puts ten new codes in the place of whatever there was and returns them in groups: shown once, kept by nobody. Does NOT
   * ask who wants them (R121): the caller has.
   */
  replace(realm: RealmStore, accountId: AccountId): Promise<readonly string[]>
  /** `undefined`: the account never had any. */
  left(realm: RealmStore, accountId: AccountId): Promise<CodesLeft | undefined>
}

const digestOf = (digest: Digest, realm: RealmStore, accountId: AccountId, code: string): Uint8Array =>
  digest('recovery-code', realm.realmId, accountId, code)

/** Whether it is time for a new set. */
export const isLow = (left: number): boolean => left <= few

export function createRecoveryCodes(parts: {
  clock: Clock
  /** n bytes of a cryptographically strong generator. */
  random: (bytes: number) => Uint8Array
  digest: Digest
}): RecoveryCodes {
  const { clock, random, digest } = parts
  return Object.freeze({
    async replace(realm, accountId) {
      const codes = Array.from({ length: codesInSet }, () => drawSecret(random))
      const digests = codes.map((code) => digestOf(digest, realm, accountId, code))
      await realm.recoveryCodes.replace(accountId, { digests, at: clock() })
      return Object.freeze(codes.map(inGroups))
    },
    async left(realm, accountId) {
      const counted = await realm.recoveryCodes.count(accountId)
      return counted && Object.freeze({ left: counted.left, of: counted.of, isLow: isLow(counted.left) })
    },
  } satisfies RecoveryCodes)
}

/** One way for the whole set; its hint is how many are left, and its label is empty: pages have a name for it. */
export function createRecoveryCode({ digest }: { digest: Digest }): Method {
  return Object.freeze({
    id: 'recovery-code',
    strength: 'second-factor',
    rules,
    async waysOf({ realm, accountId }) {
      const { left } = (await realm.recoveryCodes.count(accountId)) ?? { left: 0 }
      if (left === 0) return []
      return [Object.freeze({ method: 'recovery-code', label: '', hint: String(left), state: 'active', isDefault: false })]
    },
    async match({ realm, accountId }, _authenticators, answer, now) {
      const code = secretTyped(answer)
      if (code === undefined) return undefined
      // Whether it is one of the set is found out by using it up: looking first would leave a moment in between.
      return Object.freeze({
        amr: ['otp'],
        burn: () => realm.recoveryCodes.use(accountId, digestOf(digest, realm, accountId, code), now),
      })
    },
  } satisfies Method)
}
