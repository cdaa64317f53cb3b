/**
 * A process of its own that does the look-ups of a sign-in and nothing else, through the ports of storage: an account by its name
 * and its password, of people taken at random from all of them. The hash itself would hide what the look-up costs.
 */
import { randomBytes, randomInt } from 'node:crypto'
import process from 'node:process'
import { connect, createStore, RealmId } from '@postern/storage'
import { filledName } from './growth-rows.ts'

export interface LookUpLoad {
  readonly databaseUrl: string
  readonly realmId: string
  readonly accounts: number
  readonly atOnce: number
  readonly milliseconds: number
}

export interface LookUpResult {
  readonly answered: number
  readonly milliseconds: number
  readonly processor: number
}

let opened: { readonly url: string; readonly store: ReturnType<typeof createStore> } | undefined

async function run({ databaseUrl, realmId, accounts, atOnce, milliseconds }: LookUpLoad): Promise<LookUpResult> {
  // What is read here is not sealed, so any key does.
  opened ??= {
    url: databaseUrl,
    store: createStore({
      connection: connect({ kind: 'postgres', url: databaseUrl, poolSize: atOnce }),
      masterKey: new Uint8Array(randomBytes(32)),
      clock: () => new Date(),
    }),
  }
  if (opened.url !== databaseUrl) throw new TypeError('this process looks in another database')
  const realm = opened.store.realm(RealmId.of(realmId))
  const start = performance.now()
  const used = process.cpuUsage()
  let answered = 0
  const one = async () => {
    while (performance.now() - start < milliseconds) {
      const account = await realm.accounts.findByName(filledName(randomInt(accounts)))
      const password = account && (await realm.passwords.find(account.id))
      if (password === undefined) throw new TypeError('nobody was found')
      answered += 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  const { user, system } = process.cpuUsage(used)
  return { answered, milliseconds: performance.now() - start, processor: (user + system) / 1000 }
}

process.on('message', (load: LookUpLoad) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
