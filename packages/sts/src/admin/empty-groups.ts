import type { RealmStore } from '@postern/storage'
import { everyAccount } from './every-account.ts'
import { administratorsGroup } from './last-administrator.ts'

/** Those groups that nobody is in: meant for later, or misspelt. That of administrators is never one of them. */
export async function findEmptyGroups(kept: RealmStore, groups: readonly string[]): Promise<readonly string[]> {
  const empty = new Set(groups.filter((group) => group !== administratorsGroup))
  if (empty.size === 0) return []
  for await (const account of everyAccount(kept)) {
    for (const group of account.groups) empty.delete(group)
    if (empty.size === 0) break
  }
  return Object.freeze([...empty])
}

export const warnOfEmptyGroups = (groups: readonly string[]): string | undefined =>
  groups.length === 0
    ? undefined
    : `Warning: nobody is in the group${groups.length === 1 ? '' : 's'} ${groups.join(', ')}, so excepting ${groups.length === 1 ? 'it' : 'them'} protects nobody yet. If that is a mistake, name the right one; groups are compared letter by letter.`
