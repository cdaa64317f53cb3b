/**
 * A process of its own that finds accounts by name in the database of `POSTERN_BENCH_DATABASE` and does nothing else: one prepared
 * statement by a whole key, through pg, on as many sessions as asked. The least that any gate must do for a decision.
 */
import process from 'node:process'
import pg from 'pg'

export interface SelectLoad {
  readonly realmId: string
  readonly names: readonly string[]
  readonly sessions: number
  readonly milliseconds: number
}

const clients: pg.Client[] = []
let next = 0

async function run({ realmId, names, sessions, milliseconds }: SelectLoad): Promise<number> {
  while (clients.length < sessions) {
    const client = new pg.Client({ connectionString: process.env.POSTERN_BENCH_DATABASE })
    await client.connect()
    clients.push(client)
  }
  let found = 0
  const start = performance.now()
  const text = 'select account_id from account_address where realm_id = $1 and address_key = $2'
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - start < milliseconds) {
        const name = names[next % names.length]
        next += 1
        const { rows } = await client.query({ name: 'by-name', text, values: [realmId, name] })
        if (rows.length !== 1) throw new TypeError(`${rows.length} accounts are called ${name}`)
        found += 1
      }
    }),
  )
  return (found / (performance.now() - start)) * 1000
}

process.on('message', (load: SelectLoad) => {
  run(load).then(
    (perSecond) => process.send?.({ perSecond }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.send?.({ ready: true })
process.on('disconnect', () => process.exit(0))
