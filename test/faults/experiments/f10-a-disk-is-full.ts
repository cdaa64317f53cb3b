import { chownSync, cpSync, mkdirSync, readdirSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createTally, experiment } from '../lab/experiment.ts'
import { mountSmallDisk, type SmallDisk } from '../lab/full-disk.ts'
import type { HonestClient } from '../lab/honest-client.ts'
import type { Laboratory, LabPostgres } from '../lab/laboratory.ts'
import { count, withDatabase } from '../lab/sql.ts'

const chainCount = 6
/** Enough requests that what is left of the last page is used up. */
const rounds = 20

type Tally = ReturnType<typeof createTally>

/** Which part of the database is on the small disk. */
type Place = 'audit rows' | 'all tables' | 'write-ahead log'

function directoryFor(server: LabPostgres, disk: SmallDisk): string {
  const directory = join(disk.directory, 'here')
  mkdirSync(directory, { mode: 0o700 })
  const { uid, gid } = statSync(server.dataDirectory)
  chownSync(directory, uid, gid)
  return directory
}

/** Each place has a tablespace, or a log, of its own. */
async function moveThere(place: Place, server: LabPostgres, databaseUrl: string, disk: SmallDisk): Promise<void> {
  const directory = directoryFor(server, disk)
  if (place === 'write-ahead log') {
    await server.crash()
    const log = join(server.dataDirectory, 'pg_wal')
    cpSync(log, directory, { recursive: true, preserveTimestamps: true })
    renameSync(log, `${log}.old`)
    symlinkSync(directory, log)
    const { uid, gid } = statSync(server.dataDirectory)
    for (const name of readdirSync(directory)) chownSync(join(directory, name), uid, gid)
    await server.restart()
    return
  }
  const name = new URL(databaseUrl).pathname.slice(1)
  const space = place === 'audit rows' ? 'small_trail' : 'small'
  await withDatabase(server.url, (sql) => sql(`create tablespace ${space} location '${directory}'`))
  if (place === 'audit rows')
    await withDatabase(databaseUrl, async (sql) => {
      await sql('alter table audit_event set tablespace small_trail')
      // Its indexes are files of their own.
      for (const { index } of await sql(
        "select indexrelid::regclass::text as index from pg_index where indrelid = 'audit_event'::regclass",
      ))
        await sql(`alter index ${index} set tablespace small_trail`)
    })
  else
    await withDatabase(server.url, async (sql) => {
      // Nobody may be connected meanwhile; whoever was, connects again.
      await sql('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
      await sql(`alter database ${name} set tablespace small`)
    })
}

/** The log has files in store; this goes through them until a further one would be needed. */
async function useUpLog(server: LabPostgres): Promise<void> {
  const through = withDatabase(server.url, async (sql) => {
    for (let files = 0; files < 20; files += 1) {
      await sql('select pg_logical_emit_message(true, $1, $1)', ['x'])
      await sql('select pg_switch_wal()')
    }
  })
  // The server ends when it has no room for its log, and the session with it.
  await through.catch(() => undefined)
}

const tokensGiven = (
  clients: readonly HonestClient[],
  answers: readonly { client: string; status: number | undefined }[],
): number => answers.filter(({ client, status }) => status === 200 && clients.some(({ name }) => name === client)).length

/** All places are full at the same time, each on a disk of its own. */
async function fillUp(lab: Laboratory, tally: Tally, places: readonly Place[]): Promise<void> {
  const place = places.join(' and ')
  const hasLog = places.includes('write-ahead log')
  const disks = new Map(places.map((one) => [one, mountSmallDisk(one === 'write-ahead log' ? 80 : 64)]))
  lab.defer(() => {
    for (const disk of disks.values()) disk[Symbol.dispose]()
  })
  const server = await lab.postgres()
  const databaseUrl = await server.createDatabase()
  const world = await lab.world({ databaseUrl })
  for (const [one, disk] of disks) await moveThere(one, server, databaseUrl, disk)
  const service = await world.service()
  const { confidential } = world.sts.clients
  const clients = Array.from({ length: chainCount }, (_, index) => world.client(`${place} ${index}`, service.address))
  for (const client of clients) {
    const asked = await client.programToken(confidential)
    tally.held(asked.answer?.status === 200, `${place}: before the disk was full a token was answered ${asked.answer?.status}`)
  }
  for (const disk of disks.values()) disk.fill()
  if (hasLog) await useUpLog(server)
  const told: (number | undefined)[] = []
  for (let round = 0; round < rounds * 30 && told.filter((status) => status === 503).length < rounds; round += 1)
    told.push(...(await Promise.all(clients.map(async (client) => (await client.programToken(confidential)).answer?.status))))
  const kinds = new Set(told)
  tally.held(kinds.has(503), `${place}: a full disk was never noticed, answers were ${[...kinds]}`)
  tally.held(
    [...kinds].every((status) => status === 200 || status === 503),
    `${place}: with a full disk answers were ${[...kinds]}`,
  )
  const health = await clients[0]?.ask({ act: 'other', method: 'GET', path: '/healthz' })
  tally.held(health?.answer?.status === 200, `${place}: /healthz answered ${health?.answer?.status}`)
  tally.held(service.child.exitCode === null, `${place}: the process ended: ${service.output().slice(-300)}`)

  for (const disk of disks.values()) disk.free()
  // A server without room for its log has ended; whoever watches over it starts it again. Nothing else is done by hand.
  if (hasLog) {
    await server.crash()
    await server.restart()
  }
  let status: number | undefined
  for (let tries = 0; tries < 100 && status !== 200; tries += 1)
    status = (await clients[0]?.programToken(confidential))?.answer?.status
  tally.held(status === 200, `${place}: after the disk had room again tokens were answered ${status}`)
  const answers = world.history.asked.map((one) => ({ client: one.client, status: one.answer?.status, act: one.act }))
  const given = tokensGiven(
    clients,
    answers.filter(({ act }) => act === 'program-token'),
  )
  const rows = await count(databaseUrl, "select count(*) from audit_event where event = 'token.issued'")
  tally.held(rows >= given, `${place}: ${given} tokens were given and ${rows} audit rows say so`)
}

export default experiment(
  'F10',
  'The disk of PostgreSQL is full: for audit rows, for tables, for its log, and for all three at once',
  async (lab) => {
    const tally = createTally()
    const places = ['all tables', 'audit rows', 'write-ahead log'] as const
    for (const one of [...places.map((place) => [place]), places]) await fillUp(lab, tally, one)
    return tally.result(lab.requests())
  },
  { needs: ['mount'] },
)
