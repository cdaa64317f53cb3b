import type { Happening, Watch } from '@postern/mfa'
import type { RealmStore } from '@postern/storage'
import type { Notice, Notices } from './mail/notices.ts'

/** What is known of a realm when one of its people is told something outside of a page. */
export type RealmNames = (realm: RealmStore) => Promise<Readonly<{ realm: string; issuer: string }> | undefined>

/**
 * Tells people of failures at their own account (R93): of a row of wrong answers, of a success after one, and of an app
 * that keeps an old password. When, and that it is once a burst, the gate of mfa decides.
 */
export function createFailureWatch(parts: {
  notices: Notices
  namesOf: RealmNames
  /** Keeps in the audit trail that an app holds an old password. */
  recordStale: (happening: Happening) => Promise<void>
}): Watch {
  const { notices, namesOf, recordStale } = parts
  const tell = async ({ realm, accountId, from }: Happening, notice: Notice): Promise<void> => {
    const account = await realm.accounts.find(accountId)
    const names = await namesOf(realm)
    if (account !== undefined) await notices.tell(realm, { account, notice: { ...names, ...from, ...notice } })
  }
  return Object.freeze({
    failures: (happening) => tell(happening, { kind: 'failed_signins', count: happening.state.consecutive }),
    recovered: (happening) => tell(happening, { kind: 'signin_after_failures', count: happening.state.consecutive }),
    async repeated(happening) {
      await recordStale(happening)
      await tell(happening, { kind: 'stale_password' })
    },
  } satisfies Watch)
}
