/**
 * Enforcement for 10 000 accounts by a CSV, with the command that an administrator types, on the embedded database; beside
 * the one statement that would do the least of it.
 */
import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type AccountId, connect, createStore } from '@postern/storage'
import { describeMachine } from './machine.ts'
import { measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'

const ACCOUNTS = 10_000
const DOMAIN = 'contoso.com'
/** What the import may take at most. */
const TARGET_SECONDS = 60
const cli = fileURLToPath(new URL('../../packages/sts/bin/postern.js', import.meta.url))

interface House {
  readonly directory: string
  readonly masterKey: Uint8Array
}

/** The real command, in a process of its own: starting it and opening the database are in its time. */
function postern({ directory, masterKey }: House, words: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    POSTERN_DATA_DIR: directory,
    POSTERN_BASE_URL: `https://login.${DOMAIN}`,
    POSTERN_MASTER_KEY: Buffer.from(masterKey).toString('base64'),
  }
  return new Promise((done, failed) => {
    execFile(process.execPath, [cli, ...words], { env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error === null) done(stdout)
      else failed(new TypeError(`postern ${words.join(' ')} failed: ${stderr.slice(0, 500)}`, { cause: error }))
    })
  })
}

/** The embedded database belongs to one process at a time, so each contestant opens and closes it. */
async function withDatabase<T>(
  { directory }: House,
  work: (connection: Awaited<ReturnType<typeof connect>>) => Promise<T>,
): Promise<T> {
  const connection = await connect({ kind: 'pglite', directory: join(directory, 'database') })
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

const upnOf = (index: number): string => `person-${index}@${DOMAIN}`

async function seed(house: House): Promise<void> {
  await postern(house, ['init', '--domain', DOMAIN])
  await withDatabase(house, async (connection) => {
    const clock = () => new Date()
    const store = createStore({ connection, masterKey: house.masterKey, clock })
    const realm = await store.realms.findByDomain(DOMAIN)
    if (realm === undefined) throw new TypeError('init made no realm')
    const { accounts } = store.realm(realm.id)
    for (let start = 0; start < ACCOUNTS; start += 1000) {
      await store.transaction(async () => {
        for (let index = start; index < start + 1000; index += 1) {
          const upn = upnOf(index)
          await accounts.add({
            id: randomUUID() as string as AccountId, // a brand has no runtime part
            upn,
            address: upn,
            furtherAddresses: [],
            displayName: `Person ${index}`,
            groups: ['staff'],
            status: 'active',
            createdAt: clock(),
            updatedAt: clock(),
          })
        }
      })
    }
  })
}

/** Every row changes each time, as it would the first time. */
async function writeCsv(directory: string, state: string): Promise<string> {
  const path = join(directory, `${state}.csv`)
  const rows = Array.from({ length: ACCOUNTS }, (_, index) => `${upnOf(index)},${state}`)
  await writeFile(path, ['upn,state', ...rows, ''].join('\n'))
  return path
}

export async function benchEnforcementImport(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  const house: House = { directory: await mkdtemp(join(tmpdir(), 'postern-bench-')), masterKey: new Uint8Array(randomBytes(32)) }
  const { directory } = house
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await seed(house)
  const files = [await writeCsv(directory, 'enabled'), await writeCsv(directory, 'enforced')] as const
  const seconds: number[] = []
  let turn = 0
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now()
    await work()
    return (performance.now() - start) / 1000
  }
  const measured = await measureInRounds(
    [
      {
        name: 'postern mfa import',
        measure: async () => {
          turn += 1
          const took = await timed(async () => {
            const results = await postern(house, ['mfa', 'import', '--file', files[turn % 2 === 0 ? 0 : 1]])
            const done = results.match(/,done,/g)?.length
            if (done !== ACCOUNTS) throw new TypeError(`the import did ${done} of ${ACCOUNTS} rows`)
          })
          seconds.push(took)
          return ACCOUNTS / took
        },
      },
      {
        name: 'bare multi-row update',
        measure: () =>
          withDatabase(house, async ({ runScript }) => {
            turn += 1
            const state = turn % 2 === 0 ? 'enabled' : 'enforced'
            const names = Array.from({ length: ACCOUNTS }, (_, index) => `'${upnOf(index)}'`).join(',')
            const update = `update account set enforcement = '${state}', enforcement_since = now() where upn in (${names})`
            return ACCOUNTS / (await timed(() => runScript(update)))
          }),
      },
      {
        name: 'starting postern and opening the database',
        measure: async () => ACCOUNTS / (await timed(() => postern(house, ['mfa', 'status']))),
      },
    ],
    options,
  )
  const slowest = Math.max(...seconds)
  return {
    name: 'enforcement-import',
    what: `second factors demanded of ${ACCOUNTS} accounts by a CSV, embedded database on disk`,
    unit: 'rows/s',
    baselines: ['bare multi-row update'],
    measured,
    targets: [{ what: 'the slowest import', value: slowest, unit: 's', atMost: TARGET_SECONDS }],
    notes: [
      'The import is the whole command, from starting the process to the last result: it reads the CSV, finds each account, sets it, and writes an audit row for each, in transactions of 500.',
      'The bare update is one statement for all rows on the open database: no reading, no looking up, no audit.',
      'The last line does no rows: it is what any command takes, as if it had done them.',
    ],
    figures: { accounts: ACCOUNTS, slowestSeconds: slowest, targetSeconds: TARGET_SECONDS },
    machine: describeMachine([], options.now),
  }
}
