/**
 * A process of its own that does the look-ups of a sign-in and nothing else, through the ports of storage: an account by its name
 * and its password. The hash itself would hide what the look-up costs.
 *
 * It asks for some people, spread evenly over all of them, so that each session can be made to ask for every one of them once
 * before anything is measured: a session that touches a page of shared memory for the first time pays for that, once.
 */
import { randomBytes, randomInt } from 'node:crypto'
import process from 'node:process'
import { connect, createStore, RealmId, type RealmStore } from '@postern/storage'
import { filledName } from './growth-rows.ts'

export interface LookUpLoad {
  readonly databaseUrl: string
  readonly realmId: string
  readonly accounts: number
  /** How many different people are asked for. */
  readonly people: number
  readonly sessions: number
  /** Each session asks for each of the people once, in an order of its own; or for anybody of them, for so long. */
  readonly until: 'each once' | { readonly milliseconds: number }
}

export interface LookUpResult {
  readonly answered: number
  readonly milliseconds: number
  readonly processor: number
}

let opened: { readonly url: string; readonly realms: readonly RealmStore[] } | undefined

/** A store for each session: of one store's sessions nobody could say which has seen what. */
function open({ databaseUrl: url, realmId, sessions }: LookUpLoad): readonly RealmStore[] {
  opened ??= {
    url,
    realms: Array.from({ length: sessions }, () =>
      createStore({
        connection: connect({ kind: 'postgres', url, poolSize: 1 }),
        masterKey: new Uint8Array(randomBytes(32)), // what is read here is not sealed, so any key does
        clock: () => new Date(),
      }).realm(RealmId.of(realmId)),
    ),
  }
  if (opened.url !== url || opened.realms.length !== sessions) throw new TypeError('this process looks somewhere else')
  return opened.realms
}

function shuffled(length: number): readonly number[] {
  const order = Array.from({ length }, (_, index) => index)
  for (let last = length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1)
    const [one = 0, two = 0] = [order[last], order[other]]
    order[last] = two
    order[other] = one
  }
  return order
}

async function run(load: LookUpLoad): Promise<LookUpResult> {
  const { accounts, people, until } = load
  const realms = open(load)
  const nameOf = (person: number) => filledName(Math.floor((person * accounts) / people))
  let answered = 0
  const lookUp = async (realm: RealmStore, person: number) => {
    const account = await realm.accounts.findByName(nameOf(person))
    const password = account && (await realm.passwords.find(account.id))
    if (password === undefined) throw new TypeError('nobody was found')
    answered += 1
  }
  const orders = until === 'each once' ? realms.map(() => shuffled(people)) : undefined
  const start = performance.now()
  const used = process.cpuUsage()
  const session = async (realm: RealmStore, at: number) => {
    if (until === 'each once') for (const person of orders?.[at] ?? []) await lookUp(realm, person)
    else while (performance.now() - start < until.milliseconds) await lookUp(realm, randomInt(people))
  }
  await Promise.all(realms.map(session))
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
