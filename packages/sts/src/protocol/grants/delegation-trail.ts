import type { Audit } from '../../audit/audit.ts'
import { requestState } from '../request-state.ts'
import { findDelegationInHand } from './delegation-in-hand.ts'

/** Who acts for whom in this request, for the rows about it. Empty: everybody acts for himself. */
export function aboutDelegation(): { readonly actor?: string; readonly accountId?: string } {
  const inHand = findDelegationInHand()
  if (inHand === undefined) return {}
  const { actor, accountId } = inHand
  return { actor, ...(accountId === undefined ? {} : { accountId }) }
}

/** Writes the row of a user token that nobody signed and that was let through, whatever became of the request then. */
export async function recordUnsigned(
  audit: Audit,
  about: { readonly reference: string; readonly clientId?: string; readonly source?: string },
): Promise<void> {
  const unsigned = findDelegationInHand()?.unsigned
  if (unsigned === undefined) return
  await audit.record(requestState().runtime.store, {
    ...about,
    ...aboutDelegation(),
    event: 'unsigned_user_token.accepted',
    detail: unsigned,
  })
}
