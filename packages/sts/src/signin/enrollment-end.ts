import type { Evidence } from '@postern/mfa'
import { type Answer, page, redirect } from '../http/route.ts'
import type { AttemptNotes } from './attempt-notes.ts'
import { tellOwner } from './factor-trail.ts'
import type { SigninParts } from './ports.ts'
import { renderCodesGonePage, renderRecoveryCodesPage } from './views/recovery-codes-page.ts'
import { type Person, requirePerson, type Visit } from './visit.ts'

type EndParts = Pick<SigninParts, 'interactions' | 'factors' | 'recoveryCodes' | 'notices' | 'transaction' | 'clock'>

/**
 * What follows once a factor is bound: it is kept and told, and whoever has no recovery codes yet gets them. What was proved
 * waits until they say that they have saved them, in this attempt alone.
 */
export function createEnrollmentEnd(parts: EndParts, notes: AttemptNotes) {
  const { interactions, factors, recoveryCodes, transaction, clock } = parts

  const notedOf = (visit: Visit) => ({ store: visit.store, accountId: requirePerson(visit).account.id, attempt: visit.uid })

  const viewOf = async (visit: Visit, method: string) => {
    const { account } = requirePerson(visit)
    const bound = await factors.methodsOf(visit.store, account.id)
    return {
      ...visit.view,
      action: visit.address('/enroll/finish'),
      accountName: account.upn,
      isSmsOnly: method === 'sms' && bound.every((one) => one.method === 'sms'),
    }
  }

  async function makeCodes(visit: Visit, person: Person): Promise<readonly string[]> {
    const codes = await recoveryCodes.replace(visit.store, person.account.id)
    await visit.record({ event: 'recovery_codes.replaced', accountId: person.account.id, detail: { of: codes.length } })
    return codes
  }

  const showNew = async (visit: Visit, method: string, codes: readonly string[]): Promise<Answer> =>
    page(renderRecoveryCodesPage({ ...(await viewOf(visit, method)), codes }), { forms: 'anywhere', scripts: true })

  return Object.freeze({
    /** A factor was bound just now: `confirmEnrollment` has proved it. */
    async bound(visit: Visit, proved: { method: string; authenticatorId: string; evidence: Evidence }): Promise<Answer> {
      const person = requirePerson(visit)
      const { id: accountId } = person.account
      const { method, authenticatorId, evidence } = proved
      const isOff = person.settings.disabledMethods?.includes('recovery-code') === true
      const codes = await transaction(async () => {
        await visit.record({ event: 'factor.enrolled', accountId, detail: { method, authenticatorId } })
        if (await visit.store.enforcement.enforce(accountId, clock()))
          await visit.record({ event: 'enforcement.changed', accountId, detail: { state: 'enforced' } })
        await tellOwner(parts, visit, person, { kind: 'factor_added', method })
        await notes.endPermit(notedOf(visit))
        const left = await recoveryCodes.left(visit.store, accountId)
        if (isOff || (left !== undefined && left.left > 0)) return undefined
        await notes.factorBound(notedOf(visit), { method, evidence })
        return makeCodes(visit, person)
      })
      if (codes !== undefined) return showNew(visit, method, codes)
      return redirect(await interactions.finish(visit.ctx, visit.uid, { accountId, evidence }))
    },

    /** Codes were shown and are not any more. */
    async showGone(visit: Visit, method: string): Promise<Answer> {
      const view = { ...(await viewOf(visit, method)), newAction: visit.address('/enroll/codes') }
      return page(renderCodesGonePage(view), { forms: 'anywhere' })
    },

    /** A new set in the place of the one that was shown. Only for who has bound a factor in this attempt. */
    async showCodes(visit: Visit): Promise<Answer> {
      const person = requirePerson(visit)
      const bound = await notes.findBound(notedOf(visit))
      if (bound === undefined) return redirect(visit.address())
      const codes = await transaction(async () => {
        await tellOwner(parts, visit, person, { kind: 'recovery_codes_replaced' })
        return makeCodes(visit, person)
      })
      return showNew(visit, bound.method, codes)
    },

    /** The codes are saved: the sign-in goes on with what was proved. */
    async finish(visit: Visit): Promise<Answer> {
      const { account } = requirePerson(visit)
      const bound = await notes.findBound(notedOf(visit))
      if (bound === undefined) return redirect(visit.address())
      const { evidence } = bound
      return redirect(await interactions.finish(visit.ctx, visit.uid, { accountId: account.id, evidence }))
    },

    /** A pass let somebody begin. */
    passUsed: (visit: Visit, person: Person): Promise<void> =>
      transaction(async () => {
        await visit.record({ event: 'access_pass.used', accountId: person.account.id, detail: {} })
        await tellOwner(parts, visit, person, { kind: 'access_pass_used' })
      }),
  })
}
