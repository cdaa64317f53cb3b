import type { AccountId, Authenticator, AuthenticatorId, RealmStore } from '@postern/storage'
import { forgetEnrollments } from './enrollment-counters.ts'
import { boundOf, counterOf } from './factors.ts'
import type { AttemptGate } from './gate.ts'
import type { Method } from './method.ts'

/** What was taken away by a reset, for whoever tells about it. */
export type Reset = Readonly<{ authenticators: number; recoveryCodes: number; browsers: number; pass: boolean }>

/**
 * The life of a factor after it was bound. Does NOT ask whether somebody may, nor whether policy still is met afterwards,
 * nor tells anybody: whoever calls this has decided that.
 */
export interface FactorLife {
  /** `undefined`: not this account's. */
  find(realm: RealmStore, accountId: AccountId, id: string): Promise<Authenticator | undefined>
  rename(realm: RealmStore, accountId: AccountId, id: string, label: string): Promise<boolean>
  makeDefault(realm: RealmStore, accountId: AccountId, id: string): Promise<boolean>
  /** With the last one the recovery codes go too: they stand in for a factor and are none. */
  remove(realm: RealmStore, accountId: AccountId, id: string): Promise<boolean>
  /** Forgets the failures of a method, or of all. Returns those that had any. */
  unlock(realm: RealmStore, accountId: AccountId, method?: string): Promise<readonly string[]>
  /** Takes everything away that could be shown: factors, recovery codes, pass, remembered browsers, failures. For administrators (R122). */
  reset(realm: RealmStore, accountId: AccountId): Promise<Reset>
}

export function createFactorLife({ gate, methods }: { gate: AttemptGate; methods: readonly Method[] }): FactorLife {
  const find = async (realm: RealmStore, accountId: AccountId, id: string) => {
    const found = await realm.authenticators.find(id as AuthenticatorId) // whatever it is, the store looks
    return found?.accountId === accountId ? found : undefined
  }

  const unlock = async (realm: RealmStore, accountId: AccountId, only?: string) => {
    const unlocked: string[] = []
    for (const { id } of methods) {
      if (only !== undefined && only !== id) continue
      const counter = counterOf(realm, accountId, id)
      const hasFailed = (await realm.attempts.find(counter)) !== undefined
      await gate.rebound(counter)
      const hasFailedToBind = await forgetEnrollments(realm, accountId, { gate, method: id })
      if (hasFailed || hasFailedToBind) unlocked.push(id)
    }
    return Object.freeze(unlocked)
  }

  return Object.freeze({
    find,
    unlock,
    async rename(realm, accountId, id, label) {
      const found = await find(realm, accountId, id)
      return found !== undefined && realm.authenticators.rename(found.id, label)
    },
    async makeDefault(realm, accountId, id) {
      const found = await find(realm, accountId, id)
      return found !== undefined && realm.authenticators.makeDefault(accountId, found.id)
    },
    async remove(realm, accountId, id) {
      const found = await find(realm, accountId, id)
      if (found === undefined || !(await realm.authenticators.remove(found.id))) return false
      if ((await boundOf(realm, accountId)).length === 0) await realm.recoveryCodes.remove(accountId)
      return true
    },
    async reset(realm, accountId) {
      const all = await realm.authenticators.list(accountId)
      let authenticators = 0
      for (const { id } of all) if (await realm.authenticators.remove(id)) authenticators += 1
      const recoveryCodes = await realm.recoveryCodes.remove(accountId)
      const pass = await realm.accessPasses.remove(accountId)
      const browsers = await realm.rememberedBrowsers.removeAll(accountId)
      await unlock(realm, accountId)
      return Object.freeze({ authenticators, recoveryCodes, browsers, pass })
    },
  } satisfies FactorLife)
}
