/**
 * standby makes a streaming copy of a running PostgreSQL and promotes it: what is left of a fail-over besides who points the
 * clients to the other server (a fault proxy's `lead`).
 *
 * It needs no program but the server's own: the copy is a backup made over SQL. It does not end the first server.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../../support/sts-process.ts'
import { type Sql, withDatabase } from './sql.ts'

export interface Standby {
  /** The database at `url` of the primary, here. Answers reads only until {@link promote}. */
  at(url: string): string
  /** Ends recovery; resolves when it takes writes. */
  promote(): Promise<void>
  stop(): Promise<void>
}

const NAME = 'postern_standby'
/** Made anew, or of the first server alone. */
const leftOut = new Set(['postmaster.pid', 'postmaster.opts', 'pg_replslot', 'pg_wal', 'pg_stat_tmp'])
const emptied = ['pg_replslot', 'pg_wal', 'pg_stat_tmp', 'pg_wal/archive_status', 'pg_wal/summaries']

/**
 * @param primaryUrl a superuser's, of the maintenance database
 * @param options `synchronous`: a commit waits until the standby has it. `via`: the way by which it follows, e.g. a slow one
 */
export async function startStandby(
  primaryUrl: string,
  { synchronous, via = primaryUrl }: { synchronous: boolean; via?: string },
): Promise<Standby> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'postern-standby-'))
  const directory = join(folder, 'data')
  const program = await withDatabase(primaryUrl, (sql) => copy(sql, { primaryUrl: via, folder, directory, port }))
  const { uid, gid } = statSync(directory)
  const child = spawn(program, ['-D', directory, '-p', String(port), ...settings(folder)], {
    uid,
    gid,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log = `${log}${chunk.toString('utf8')}`.slice(-20_000)
  })
  const endWithUs = () => {
    child.kill('SIGQUIT')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', endWithUs)
  const at = (url: string): string => {
    const here = new URL(url)
    here.port = String(port)
    return here.href
  }
  try {
    await untilStreaming(primaryUrl, child, () => log)
    if (synchronous)
      await withDatabase(primaryUrl, async (sql) => {
        await sql(`alter system set synchronous_standby_names = '${NAME}'`)
        await sql('select pg_reload_conf()')
        await until(async () => (await sql("select sync_state from pg_stat_replication where sync_state = 'sync'")).length === 1)
      })
  } catch (error) {
    endWithUs()
    throw error
  }
  return {
    at,
    promote: () => withDatabase(at(primaryUrl), async (sql) => void (await sql('select pg_promote(true, 30)'))),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGQUIT')
        await gone
      }
      process.off('exit', endWithUs)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const settings = (folder: string): string[] =>
  Object.entries({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    fsync: 'off',
    // The first server's own waiting for a standby was copied with it.
    synchronous_standby_names: '',
    data_directory: join(folder, 'data'),
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

/** Copies the files of the running server. Returns its program. */
async function copy(sql: Sql, to: { primaryUrl: string; folder: string; directory: string; port: number }): Promise<string> {
  const from = String((await sql('show data_directory'))[0]?.data_directory)
  const owner = statSync(from)
  await sql(`select pg_create_physical_replication_slot('${NAME}', true)`)
  await sql("select pg_backup_start('standby', true)")
  cpSync(from, to.directory, { recursive: true, preserveTimestamps: true, filter: (file) => !isLeftOut(from, file) })
  const [label] = await sql('select labelfile from pg_backup_stop(false)')
  writeFileSync(join(to.directory, 'backup_label'), String(label?.labelfile))
  writeFileSync(join(to.directory, 'standby.signal'), '')
  const { username, password, hostname, port } = new URL(to.primaryUrl)
  const conninfo = `host=${hostname} port=${port} user=${username} password=${password} application_name=${NAME}`
  appendFileSync(
    join(to.directory, 'postgresql.auto.conf'),
    `\nprimary_conninfo = '${conninfo}'\nprimary_slot_name = '${NAME}'\n`,
  )
  for (const name of emptied) mkdirSync(join(to.directory, name), { recursive: true })
  for (const name of readdirSync(to.folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(to.folder, name), owner.uid, owner.gid)
  chmodSync(to.folder, 0o755)
  chmodSync(to.directory, 0o700)
  // The first line of the file is the whole command, its words in quotes but for the program.
  return readFileSync(join(from, 'postmaster.opts'), 'utf8').split(' "')[0]?.trim() ?? ''
}

const isLeftOut = (root: string, file: string): boolean =>
  file !== root && leftOut.has(basename(file)) && join(root, basename(file)) === file

async function untilStreaming(primaryUrl: string, child: ChildProcess, log: () => string): Promise<void> {
  await withDatabase(primaryUrl, (sql) =>
    until(async () => {
      if (child.exitCode !== null) throw new TypeError(`the standby ended:\n${log()}`)
      return (await sql("select 1 from pg_stat_replication where state = 'streaming'")).length === 1
    }).catch((cause: unknown) => {
      throw new TypeError(`the standby does not follow:\n${log()}`, { cause })
    }),
  )
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return
    await wait(50)
  }
  throw new TypeError('it did not come to pass in time')
}
