import type { Account, RealmStore } from '@postern/storage'

/** Every account of the realm, a page at a time, in order of UPN. */
export async function* everyAccount(kept: RealmStore): AsyncGenerator<Account> {
  const limit = 1000
  for (let after: string | undefined; ; ) {
    const page = await kept.accounts.list({ limit, ...(after === undefined ? {} : { after }) })
    yield* page
    if (page.length < limit) return
    after = page.at(-1)?.upn
  }
}
