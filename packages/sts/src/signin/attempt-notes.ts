import type { Evidence } from '@postern/mfa'
import type { AccountId, RealmStore } from '@postern/storage'
import { z } from 'zod'

/** How long a permission to set up a factor holds, and what was bound waits for its recovery codes to be saved. */
const permitLastsSeconds = 30 * 60
/** How long a factor that was shown lets its owner bind another (R107, R121). */
export const factorCountsSeconds = 10 * 60

const permit = 'EnrollmentPermit'
const shown = 'FactorShown'
const bound = 'FactorBound'
const asked = 'ApprovalAsked'

const evidence = z.object({ amr: z.array(z.string()), at: z.coerce.date() })

/** Whose attempt it is. Every note is found by that very account alone. */
export type Noted = Readonly<{ store: RealmStore; accountId: AccountId; attempt: string }>

const isOf = ({ accountId }: Noted, payload: Readonly<Record<string, unknown>>): boolean => payload.accountId === accountId

/**
 * What is remembered about one attempt between two of its pages: that a pass allowed setting up a factor, that a factor was
 * shown, that one was bound and its evidence waits. Notes end by time, and are found by who wrote them alone.
 */
export function createAttemptNotes({ clock }: { clock: () => Date }) {
  const put = async (kind: string, noted: Noted, lastsSeconds: number, payload: Record<string, unknown> = {}) =>
    noted.store.artifacts.upsert({
      kind,
      id: noted.attempt,
      payload: { ...payload, accountId: noted.accountId },
      expiresAt: new Date(clock().getTime() + lastsSeconds * 1000),
      keys: { accountId: noted.accountId },
    })

  const find = async (kind: string, noted: Noted) => {
    const found = await noted.store.artifacts.find(kind, noted.attempt)
    if (found === undefined || found.consumedAt !== undefined || found.expiresAt <= clock()) return undefined
    return isOf(noted, found.payload) ? found.payload : undefined
  }

  return Object.freeze({
    /** An access pass was shown: a first factor may be set up in this attempt. */
    permit: (noted: Noted) => put(permit, noted, permitLastsSeconds),
    hasPermit: async (noted: Noted) => (await find(permit, noted)) !== undefined,
    endPermit: ({ store, attempt }: Noted) => store.artifacts.destroy(permit, attempt),
    /** A factor was shown in the session that `attempt` names. */
    factorShown: (noted: Noted) => put(shown, noted, factorCountsSeconds),
    wasFactorShown: async (noted: Noted) => (await find(shown, noted)) !== undefined,
    /** Notes that an approval was asked for until `until`. `false`: it was noted before. */
    async approvalAsked(noted: Noted, until: Date): Promise<boolean> {
      const before = await find(asked, noted)
      if (before?.until === until.toISOString()) return false
      await put(asked, noted, permitLastsSeconds, { until: until.toISOString() })
      return true
    },
    /** A factor was bound in this attempt; what it proved waits until its owner goes on. */
    factorBound: (noted: Noted, proved: { method: string; evidence: Evidence }) =>
      put(bound, noted, permitLastsSeconds, {
        method: proved.method,
        evidence: { amr: [...proved.evidence.amr], at: proved.evidence.at.toISOString() },
      }),
    async findBound(noted: Noted): Promise<{ method: string; evidence: Evidence } | undefined> {
      const payload = await find(bound, noted)
      if (payload === undefined) return undefined
      return z.object({ method: z.string(), evidence }).parse(payload)
    },
  })
}

export type AttemptNotes = ReturnType<typeof createAttemptNotes>
