/**
 * A process of its own that looks into the database of `POSTERN_BENCH_DATABASE` and does nothing else, by prepared statements with
 * whole keys, through pg, on as many sessions as asked. Either for an account by its name, the least that any gate must do
 * for a decision, or for all rows that a decision reads, one decision a statement.
 */
import process from 'node:process'
import pg from 'pg'

export interface SelectLoad {
  /** `name`: one row of one table. `decision`: account, password, app, app password and assigned policy. */
  readonly rows: 'name' | 'decision'
  readonly realmId: string
  /** How many people there are; each is looked for in turn. */
  readonly people: number
  readonly sessions: number
  readonly milliseconds: number
}

const looks: Readonly<Record<SelectLoad['rows'], string>> = {
  name: 'select account_id from account_address where realm_id = $1 and address_key = $2',
  decision: `
    select account.id, account.upn, account.address, account.display_name, account.groups, account.status, account.enforcement,
      password.hash as password_hash, password.changed_at, app.id as app_id, app.label as app_label, app.state, app.decided_by,
      app.last_source, secret.id as secret_id, secret.label as secret_label, secret.hash as secret_hash, secret.protocols,
      secret.networks, secret.binds_to_first_app, secret.mail_app_id, secret.created_at, secret.expires_at,
      secret.last_used_at, assignment.policy_id
    from account_address
    join account on account.realm_id = account_address.realm_id and account.id = account_address.account_id
    left join password on password.realm_id = account.realm_id and password.account_id = account.id
    left join mail_app as app on app.realm_id = account.realm_id and app.account_id = account.id and app.identity_digest = $3
    left join app_password as secret
      on secret.realm_id = account.realm_id and secret.account_id = account.id and secret.lookup = $4
    left join authentication_policy_assignment as assignment
      on assignment.realm_id = account.realm_id and assignment.account_id = account.id
    where account_address.realm_id = $1 and account_address.address_key = $2`,
}

/** By what each decision finds its rows, as apps that have been let in have them. */
const keysOf = `
  select account_address.address_key, mail_app.identity_digest, app_password.lookup
  from account_address
  join mail_app on mail_app.realm_id = account_address.realm_id and mail_app.account_id = account_address.account_id
  join app_password on app_password.realm_id = account_address.realm_id and app_password.mail_app_id = mail_app.id
  where account_address.realm_id = $1`

const namesOf = 'select address_key from account_address join app_password using (realm_id, account_id) where realm_id = $1'

const clients: pg.Client[] = []
const known = new Map<SelectLoad['rows'], readonly (readonly unknown[])[]>()
let next = 0

async function run({ rows: what, realmId, people, sessions, milliseconds }: SelectLoad): Promise<number> {
  while (clients.length < sessions) {
    const client = new pg.Client({ connectionString: process.env.POSTERN_BENCH_DATABASE })
    await client.connect()
    clients.push(client)
  }
  const keys = known.get(what) ?? (await findKeys(what, realmId))
  if (keys.length !== people) throw new TypeError(`${keys.length} of ${people} people have all rows of a decision`)
  known.set(what, keys)
  let found = 0
  const start = performance.now()
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - start < milliseconds) {
        const [name, ...others] = keys[next % keys.length] ?? []
        next += 1
        const { rows } = await client.query({ name: what, text: looks[what], values: [realmId, name, ...others] })
        if (rows.length !== 1 || rows[0].app_id === null || rows[0].secret_id === null)
          throw new TypeError(`not all rows of ${String(name)} were found`)
        found += 1
      }
    }),
  )
  return (found / (performance.now() - start)) * 1000
}

async function findKeys(what: SelectLoad['rows'], realmId: string): Promise<readonly (readonly unknown[])[]> {
  const text = what === 'name' ? namesOf : keysOf
  const answer = await clients[0]?.query<unknown[]>({ text, values: [realmId], rowMode: 'array' })
  return answer?.rows ?? []
}

process.on('message', (load: SelectLoad) => {
  run(load).then(
    (perSecond) => process.send?.({ perSecond }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.send?.({ ready: true })
process.on('disconnect', () => process.exit(0))
