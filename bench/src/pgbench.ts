/** How often this machine's PostgreSQL does one statement, by its own measure: pgbench, prepared, as many clients as asked. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { endedChildrenTime } from './cpu-time.ts'

const DEBIAN = '/usr/lib/postgresql'

/** Debian keeps each version in a folder of its own; its program of the same name on the path asks for a cluster. */
export function findPgbench(): string {
  try {
    const [newest] = readdirSync(DEBIAN).toSorted((one, other) => Number(other) - Number(one))
    if (newest !== undefined) return join(DEBIAN, newest, 'bin/pgbench')
  } catch {
    // no Debian, or none installed: whatever the path has
  }
  return 'pgbench'
}

export interface PgbenchResult {
  readonly rate: number
  readonly transactions: number
  /** Milliseconds of processors that pgbench itself took, without the server. */
  readonly processor: number
}

/** What pgbench says of a run. `undefined`: nothing, or that something failed. */
export function parsePgbench(output: string): Omit<PgbenchResult, 'processor'> | undefined {
  const rate = /^tps = ([\d.]+) \(without initial connection time\)/m.exec(output)?.[1]
  const transactions = /^number of transactions actually processed: (\d+)/m.exec(output)?.[1]
  const failed = /^number of failed transactions: (\d+)/m.exec(output)?.[1] ?? '0'
  if (rate === undefined || transactions === undefined || failed !== '0') return undefined
  return { rate: Number(rate), transactions: Number(transactions) }
}

/** Measures whole seconds only. Variables are `:name` in the script; `:client_id` counts the clients from 0. */
export async function runPgbench(options: {
  readonly url: string
  readonly script: string
  readonly variables: Readonly<Record<string, string | number>>
  readonly clients: number
  readonly seconds: number
  /** Where the script may be written. */
  readonly directory: string
}): Promise<PgbenchResult> {
  const file = join(options.directory, 'statement.sql')
  await writeFile(file, options.script)
  const defined = Object.entries(options.variables).flatMap(([name, value]) => ['-D', `${name}=${value}`])
  const load = ['-c', `${options.clients}`, '-j', '1', '-T', `${options.seconds}`]
  const before = endedChildrenTime() ?? Number.NaN
  return new Promise((done, failed) => {
    execFile(findPgbench(), ['-n', '-M', 'prepared', '-f', file, ...load, ...defined, options.url], (error, stdout, stderr) => {
      const said = parsePgbench(stdout)
      if (said !== undefined) done({ ...said, processor: (endedChildrenTime() ?? Number.NaN) - before })
      else
        failed(
          new TypeError(`pgbench failed: is it installed? (pnpm bench --install)\n${stdout}${stderr.slice(-1500)}`, {
            cause: error,
          }),
        )
    })
  })
}
