/** The keys that the breakable mail server has of its issuer: fetched, remembered, looked for again, but for its faults. */
import type { JsonWebKey } from 'node:crypto'
import type { HasFault } from './breakable-mail-server-faults.ts'

const COOL_DOWN = 30
const OLD = 300

export interface KeyStore {
  find(kid: string): Promise<JsonWebKey | undefined>
}

/** `now`: seconds since 1970. */
export function createKeyStore(issuer: string, { has, now }: { has: HasFault; now: () => number }): KeyStore {
  let keys: readonly JsonWebKey[] = []
  let asked = Number.NEGATIVE_INFINITY
  let reads = 0
  const refresh = async (): Promise<void> => {
    asked = now()
    reads += 1
    const answer = (await (await fetch(`${issuer}/keys`)).json()) as { keys: readonly JsonWebKey[] }
    if (has('forgets-all-keys') && reads > 1) keys = []
    else if (has('never-learns-keys') && reads > 1) keys = keys.filter(({ kid }) => answer.keys.some((one) => one.kid === kid))
    else keys = has('keeps-keys-for-ever') ? [...keys, ...answer.keys] : answer.keys
  }
  return {
    find: async (kid) => {
      if (now() - asked > OLD || has('asks-for-keys-for-every-token')) await refresh()
      const found = () => keys.find((one) => one.kid === kid && one.x5c === undefined)
      if (found() === undefined && now() - asked >= COOL_DOWN) await refresh()
      return found()
    },
  }
}
