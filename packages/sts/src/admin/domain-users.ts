import type { Account, RealmStore } from '@postern/storage'
import { everyAccount } from './every-account.ts'

const namesOf = ({ upn, address, furtherAddresses }: Account): readonly string[] => [upn, address, ...furtherAddresses]

/** The first account that is called or addressed under one of the domains, with that domain. */
export async function findDomainUser(
  kept: RealmStore,
  domains: readonly string[],
): Promise<{ readonly upn: string; readonly domain: string } | undefined> {
  if (domains.length === 0) return undefined
  for await (const account of everyAccount(kept)) {
    const used = domains.find((domain) => namesOf(account).some((name) => name.toLowerCase().endsWith(`@${domain}`)))
    if (used !== undefined) return { upn: account.upn, domain: used }
  }
  return undefined
}
