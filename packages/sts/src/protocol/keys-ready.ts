import type { Store } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { decideKeyUse } from './signing-keys.ts'

/** How long an answer is good for: the question is asked by everybody who can reach `/readyz`. */
const GOOD_FOR_MILLISECONDS = 5_000

/**
 * Makes the check that every active realm has a key that signs now. Rejects with RangeError naming how many lack one, and
 * with what the store throws.
 */
export function createKeysReady({ store, clock }: { store: Pick<Store, 'realms' | 'realm'>; clock: Clock }): () => Promise<void> {
  let last: { readonly at: number; readonly check: Promise<void> } | undefined
  const look = async (): Promise<void> => {
    const now = clock()
    let lacking = 0
    for (const realm of await store.realms.list()) {
      if (realm.status !== 'active') continue
      const use = decideKeyUse(await store.realm(realm.id).signingKeys.list(now), now)
      if (!use.signing.RS256) lacking += 1
    }
    if (lacking > 0) throw new RangeError(`active realms without a key that signs now: ${lacking}`)
  }
  return () => {
    const at = clock().getTime()
    // A clock that was put back must not make an answer last.
    if (last && Math.abs(at - last.at) < GOOD_FOR_MILLISECONDS) return last.check
    const check = look()
    last = { at, check }
    // A failure is answered, and not remembered.
    check.catch(() => {
      last = undefined
    })
    return check
  }
}
