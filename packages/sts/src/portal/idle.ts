/**
 * idle decides when a session of the portal was left alone for too long, and how rarely its use has to be noted. Pure but
 * for the two lines that read and write the note; what follows from it is decided in visit.ts.
 * @module
 */
import type { RealmStore } from '@postern/storage'

/** For realms that have set nothing. */
export const standardIdleMinutes = 15
/** A use that follows another one this closely need not be written down. */
const notedSeconds = 60
const kind = 'PortalActivity'

/**
 * `over`: the session must sign in again. `isNews`: this use is worth noting. Signing in is a use: a session that other apps
 * began long ago, and that never came here, is over as well.
 */
export function decideIdle(asked: { usedAt: Date | undefined; signedInAt: Date; idleMinutes: number; now: Date }): {
  readonly isOver: boolean
  readonly isNews: boolean
} {
  const { usedAt, signedInAt, idleMinutes, now } = asked
  const last = Math.max(usedAt?.getTime() ?? 0, Math.floor(signedInAt.getTime() / 1000) * 1000)
  const unusedSeconds = (now.getTime() - last) / 1000
  const isOver = unusedSeconds > idleMinutes * 60
  return Object.freeze({ isOver, isNews: !isOver && unusedSeconds >= notedSeconds })
}

/**
 * How old a sign-in may be that ends the pause, in seconds: somewhat less than the pause, so that a process whose clock is
 * behind does not find the old one good enough and send the browser round; and never so little that signing in takes longer.
 */
export const idleMaxAge = (idleMinutes: number): number => Math.max(30, idleMinutes * 60 - 60)

/** When the session was last used, as far as it was noted. A note that cannot be read is none. */
export async function findUse(store: Pick<RealmStore, 'artifacts'>, session: string): Promise<Date | undefined> {
  const at = (await store.artifacts.find(kind, session))?.payload.at
  return typeof at === 'number' ? new Date(at) : undefined
}

export async function noteUse(
  store: Pick<RealmStore, 'artifacts'>,
  use: { session: string; accountId: string; idleMinutes: number; now: Date },
): Promise<void> {
  const { session: id, accountId, now } = use
  // What has expired says the same as no note at all: it was too long ago.
  const expiresAt = new Date(now.getTime() + use.idleMinutes * 60_000)
  await store.artifacts.upsert({ kind, id, payload: { at: now.getTime() }, expiresAt, keys: { accountId } })
}
