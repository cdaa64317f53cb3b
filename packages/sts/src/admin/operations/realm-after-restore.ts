import { z } from 'zod'
import { OperationRefused } from '../errors.ts'
import { shownText } from '../fields.ts'
import { operation } from '../operation.ts'
import { findRealm } from './realm.ts'

/**
 * What a backup that was put back does not know: which codes, sessions and refresh tokens were used up, rotated or revoked
 * after it was made. So none of them counts any more. One row of each realm says so, whatever their number.
 */
export const realmAfterRestoreOperations = [
  operation({
    name: 'realm.after-restore',
    summary: 'Sign everybody out after a backup was put back, so that nothing of the lost time comes alive again',
    scope: 'service',
    positional: ['realm'],
    input: z.object({ realm: shownText('GUID or domain of the realm; every realm when left out', 253).optional() }),
    output: z.array(z.object({ id: z.uuid(), domain: z.string(), notBefore: z.iso.datetime() })),
    columns: ['domain', 'notBefore', 'id'],
    errors: ['missing'],
    changed: ({ output: [first] }) => ({ subject: first?.domain ?? 'no realm', ...(first ? { realm: first.id } : {}) }),
    run: async ({ input, at, running }) => {
      const named = input.realm === undefined ? undefined : await findRealm(at.store.realms, input.realm)
      const realms = input.realm === undefined ? await at.store.realms.list() : named ? [named] : []
      if (realms.length === 0)
        throw new OperationRefused('missing', `There is no realm ${input.realm ?? 'yet'}. See: postern realm list`)
      const notBefore = at.clock()
      const done = realms.map(({ id, domains: [domain = id] }) => ({ id, domain, notBefore: notBefore.toISOString() }))
      for (const [place, { id, domain }] of done.entries()) {
        const kept = at.store.realm(id)
        await kept.revocations.startAnew(notBefore)
        // The change of the first one is recorded as that of every operation is.
        if (place > 0)
          await at.recordChange(kept, {
            ...{ operation: 'realm.after-restore', subject: domain },
            ...{ actor: running.actor, reference: running.reference },
          })
      }
      return done
    },
  }),
]
