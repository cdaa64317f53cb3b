import type { AccountId, ClientId, FamilyId } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { endGrant } from './ended-grants.ts'
import { requestState } from './request-state.ts'

/** An app that may go on getting tokens for a person, without asking again: a living refresh family. */
export type AuthorizedApp = Readonly<{
  familyId: FamilyId
  clientId: ClientId
  /** What people know it by. */
  name: string
  startedAt: Date
  lastUsedAt: Date
  endsAt: Date
}>

/** What features may know and do about apps that sign in with tokens. Of the realm whose request is in hand. */
export interface AuthorizedApps {
  /** Most recently used first. An app that was let in twice, on two devices, is there twice. */
  list(accountId: AccountId): Promise<readonly AuthorizedApp[]>
  /** Ends what one of them has, its tokens included. In the caller's transaction. `false`: the account has no such app. */
  end(accountId: AccountId, familyId: string): Promise<boolean>
}

export function createAuthorizedApps({ clock }: { clock: Clock }): AuthorizedApps {
  return Object.freeze({
    async list(accountId) {
      const { store } = requestState().runtime
      const families = await store.refreshTokens.families(accountId)
      const clients = new Map<string, string>()
      for (const clientId of new Set(families.map((family) => family.clientId)))
        clients.set(clientId, (await store.clients.find(clientId))?.displayName ?? clientId)
      return Object.freeze(
        families.map(({ id, clientId, startedAt, lastUsedAt, endsAt }) =>
          Object.freeze({ familyId: id, clientId, name: clients.get(clientId) ?? clientId, startedAt, lastUsedAt, endsAt }),
        ),
      )
    },
    async end(accountId, familyId) {
      const { store } = requestState().runtime
      const families = await store.refreshTokens.families(accountId)
      return families.some(({ id }) => id === familyId) && endGrant(store, familyId, clock(), 'ended by its owner')
    },
  } satisfies AuthorizedApps)
}
