import { createHash } from 'node:crypto'
import type { AccountId, Realm, RealmStore } from '@postern/storage'

/** Names a browser session in tokens of clients that get no session id of their own; never a key to it. */
export const sidOf = (sessionUid: string): string => createHash('sha256').update(sessionUid).digest('base64url').slice(0, 22)

const kind = 'EndedSession'

/** Whether {@link markEnded} was told of it: what is still kept under its name is a copy that counts no more. */
export const isEnded = async (store: Pick<RealmStore, 'artifacts'>, uid: string): Promise<boolean> =>
  (await store.artifacts.find(kind, uid)) !== undefined

/**
 * Ends a session for good, and tells the revocation feed under every name that tokens have for it.
 *
 * oidc-provider writes a session back at the end of every request, so one in flight would bring back a session that was ended
 * meanwhile. Its `uid` stays the same for life and is remembered as ended until no copy of it can be valid.
 * `tells: 'clients'`: back-channel logout follows from the feed; a set: oidc-provider has told all but these.
 */
export async function markEnded(
  store: RealmStore,
  session: {
    readonly uid: string
    readonly accountId: AccountId | undefined
    readonly payload: Readonly<Record<string, unknown>>
    readonly now: Date
    readonly realm: Pick<Realm, 'settings'>
    readonly tells: 'clients' | ReadonlySet<string>
  },
): Promise<void> {
  const { uid, accountId, now, realm, tells } = session
  const expiresAt = new Date(now.getTime() + realm.settings.sessionSeconds * 1000)
  await store.artifacts.upsert({ kind, id: uid, payload: {}, expiresAt, keys: {} })
  if (accountId === undefined) return
  const ended = { at: now, kind: 'session', accountId } as const
  await store.revocations.append({ ...ended, sessionId: sidOf(uid) })
  for (const [clientId, sessionId] of sidsByClient(session.payload))
    await store.revocations.append({ ...ended, sessionId, ...((tells === 'clients' || tells.has(clientId)) && { clientId }) })
}

/** oidc-provider gives every client that asks for it an id of its own for the session (`sid`). */
const sidsByClient = (payload: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] =>
  authorizationsOf(payload).flatMap(([clientId, { sid }]) => (typeof sid === 'string' ? [[clientId, sid] as const] : []))

/** Ids of the grants that clients have by a session: the latest of each, also where no refresh token came of it. */
export const grantsOf = (payload: Readonly<Record<string, unknown>>): readonly string[] =>
  authorizationsOf(payload).flatMap(([, { grantId }]) => (typeof grantId === 'string' ? [grantId] : []))

function authorizationsOf({ authorizations }: Readonly<Record<string, unknown>>) {
  if (typeof authorizations !== 'object' || authorizations === null) return []
  const byClient = authorizations as Readonly<Record<string, { sid?: unknown; grantId?: unknown } | undefined>> // of oidc-provider
  return Object.entries(byClient).map(([clientId, one]) => [clientId, one ?? {}] as const)
}
