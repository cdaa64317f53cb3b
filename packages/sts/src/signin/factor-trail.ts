import type { Outcome } from '@postern/mfa'
import type { Notice } from '../delivery/delivery.ts'
import type { SigninParts } from './ports.ts'
import type { Person, Visit } from './visit.ts'

type Telling = Pick<SigninParts, 'notices' | 'transaction' | 'recoveryCodes'>

/** Where and by what something happened, for an e-mail to the owner of the account. */
const circumstancesOf = (visit: Visit, { occasion }: Person) => ({
  realm: visit.view.realm.displayName,
  issuer: visit.view.realm.issuer,
  ...(visit.source !== undefined && { source: visit.source }),
  ...(occasion.browser !== undefined && { app: occasion.browser }),
})

type Told = Notice extends infer One
  ? One extends Notice
    ? Omit<One, 'realm' | 'issuer' | 'source' | 'app' | 'at'>
    : never
  : never

/** Tells the owner of the account by e-mail. To be called inside the transaction of what it tells about. */
export const tellOwner = (parts: Pick<SigninParts, 'notices'>, visit: Visit, person: Person, told: Told): Promise<void> =>
  parts.notices.tell(visit.store, {
    account: person.account,
    notice: { ...told, ...circumstancesOf(visit, person) } as Notice, // the members left out of Told, put back
    language: visit.view.language,
  })

/** What is kept and told of second things that were shown, or were not. */
export function createFactorTrail(parts: Telling) {
  return Object.freeze({
    async proved(visit: Visit, person: Person, method: string): Promise<void> {
      const accountId = person.account.id
      const recordProved = () => visit.record({ event: 'signin.proved', accountId, detail: { method } })
      // One row is kept or not by itself, and by itself it can share its commit with others.
      if (method !== 'recovery-code' && method !== 'access-pass') return recordProved()
      await parts.transaction(async () => {
        await recordProved()
        if (method === 'recovery-code') {
          const left = (await parts.recoveryCodes.left(visit.store, accountId))?.left ?? 0
          await visit.record({ event: 'recovery_code.used', accountId, detail: { left } })
          await tellOwner(parts, visit, person, { kind: 'recovery_code_used', left })
        }
        if (method === 'access-pass') {
          await visit.record({ event: 'access_pass.used', accountId, detail: {} })
          await tellOwner(parts, visit, person, { kind: 'access_pass_used' })
        }
      })
    },

    async notProved(
      visit: Visit,
      person: Person,
      method: string,
      result: Exclude<Outcome, { outcome: 'proved' }>,
    ): Promise<void> {
      const accountId = person.account.id
      const { outcome } = result
      if (outcome === 'throttled') await visit.record({ event: 'signin.throttled', accountId, detail: { method } })
      else if (outcome === 'disabled')
        await visit.record({ event: 'signin.blocked', accountId, detail: { reason: `${method} is disabled` } })
      else if (outcome === 'wrong')
        await visit.record({ event: 'signin.failed', accountId, detail: { method, because: result.because } })
    },

    approvalAsked: (visit: Visit, person: Person) =>
      visit.record({ event: 'approval.asked', accountId: person.account.id, detail: {} }),

    /** `remember` makes the record; without the row and the notice there is none. */
    browserRemembered: <Kept extends { id: string; expiresAt: Date }>(
      visit: Visit,
      person: Person,
      remember: () => Promise<Kept>,
    ): Promise<Kept> =>
      parts.transaction(async () => {
        const kept = await remember()
        const { id: browserId, expiresAt: until } = kept
        await visit.record({ event: 'browser.remembered', accountId: person.account.id, detail: { browserId, until } })
        await tellOwner(parts, visit, person, { kind: 'browser_remembered', validUntil: until })
        return kept
      }),
  })
}
