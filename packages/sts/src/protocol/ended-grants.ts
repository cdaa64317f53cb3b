import type { FamilyId, RealmStore } from '@postern/storage'
import { findRequestState } from './request-state.ts'

/**
 * Ends what one authorization gave: its refresh family, and all that is kept of it, so that access tokens of it are found
 * inactive where somebody asks about them.
 */
export async function endGrant(store: RealmStore, grantId: string, at: Date, because: string): Promise<boolean> {
  const state = findRequestState()
  if (state) state.ended = { familyId: grantId }
  // The code first: a redemption that is under way holds it, and has begun the family when it lets go, or finds no code any more.
  await store.artifacts.removeByGrant(grantId)
  await store.artifacts.destroy('Grant', grantId)
  return store.refreshTokens.revoke(grantId as FamilyId, { at, because }) // a family has the id of its grant
}
