import { isTokenAnswer } from '../history.ts'
import { familyOf } from './families.ts'
import { invariant } from './invariant.ts'

export const noOrphanWorks = invariant(
  'I15',
  'Sessions, grants and tokens belong to somebody who is there, or are dead.',
  ({ tokens, families, accounts, clients, artifacts, now }, history, fact) => {
    const people = new Set(accounts.map(({ id }) => id))
    const programs = new Set(clients.map(({ id }) => id))
    const known = new Set(families.map(({ id }) => id))
    for (const { family, hash } of tokens) fact(known.has(family), () => `token ${hash.slice(0, 8)} has no family`)
    for (const { id, accountId, clientId } of families)
      fact(programs.has(clientId) && (accountId === undefined || people.has(accountId)), () => `family ${id} belongs to nobody`)
    for (const { kind, hash, accountId, expiresAt } of artifacts)
      if (accountId !== undefined && expiresAt > now)
        fact(people.has(accountId), () => `${kind} ${hash.slice(0, 8)} belongs to nobody`)
    const restored = history.deeds.some(({ deed }) => deed === 'restored')
    for (const one of history.asked.filter(isTokenAnswer)) {
      const family = familyOf(one.answer.body.refresh_token)
      // One that has ended may have been swept away.
      if (family !== undefined && !restored)
        fact(known.has(family), () => `${one.client} holds a token of family ${family}, which is nowhere`)
    }
  },
)
