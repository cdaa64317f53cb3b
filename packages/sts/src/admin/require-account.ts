import type { Account, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { OperationRefused } from './errors.ts'

/** By UPN, address or id. @throws {OperationRefused} `missing` */
export async function requireAccount(kept: RealmStore, name: string): Promise<Account> {
  const byId = z.uuid().safeParse(name).success ? await kept.accounts.find(name as Account['id']) : undefined // has the form of one
  const account = byId ?? (await kept.accounts.findByName(name))
  if (account === undefined)
    throw new OperationRefused('missing', `There is no account ${name} in this realm. See: postern account list`)
  return account
}
