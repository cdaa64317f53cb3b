/**
 * How long the service takes from its start to the first answer that it is ready, on an empty PostgreSQL and on one that is up to
 * date, and how much memory its process has, idle and after load. RSS, as Linux counts it (proc(5)).
 */
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { startPostgres } from '@postern/storage/contract'
import { processTree } from './cpu-time.ts'
import { askFor, forkBeside } from './forked.ts'
import type { Load, LoadResult } from './load-generator.ts'
import { describeMachine } from './machine.ts'
import { medianOf } from './rounds.ts'
import { baseUrlAt, freePort, startService } from './served-process.ts'
import type { Result } from './table.ts'
import type { TokenPathTold } from './token-path-server.ts'

const TARGET_START = 1
const TARGET_IDLE = 120
const TARGET_LOADED = 200
const IDLE_MILLISECONDS = 5000
const WORKERS = 2

/** Mebibytes of a process. `own`: what it shares with no file, so with no other process either. `high`: the most that it ever had. */
function memoryOf(pid: number): { readonly now: number; readonly own: number; readonly high: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024
  return { now: read('VmRSS'), own: read('RssAnon'), high: read('VmHWM') }
}

const row = (name: string, rates: readonly number[]) => ({
  name,
  rates,
  median: medianOf(rates),
  lowest: Math.min(...rates),
  highest: Math.max(...rates),
})

export async function benchStartMemory(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const databaseUrl = await postgres.createDatabase()
  const environment = { POSTERN_BENCH_DATABASE: databaseUrl, POSTERN_BENCH_WORKERS: String(WORKERS), POSTERN_BENCH_PEOPLE: '32' }
  const server = stack.use(forkBeside('./token-path-server.ts', environment))
  const told = (await server.ask()) as unknown as TokenPathTold // what token-path-server.ts says first

  const masterKey = Buffer.from(told.masterKey, 'base64')
  const starting = async (onceMore: boolean, workers: number): Promise<number> => {
    const port = await freePort()
    const url = onceMore ? databaseUrl : await postgres.createDatabase()
    const start = performance.now()
    const service = startService({
      databaseUrl: url,
      masterKey,
      port,
      workers,
      baseUrl: onceMore ? told.baseUrl : baseUrlAt(port),
    })
    await service.ready
    const seconds = (performance.now() - start) / 1000
    await service.stop()
    return seconds
  }
  const starts = { one: [] as number[], several: [] as number[], empty: [] as number[] }
  await starting(true, 1)
  for (let round = 0; round < options.rounds; round += 1) {
    options.onRound(round)
    starts.one.push(await starting(true, 1))
    starts.several.push(await starting(true, WORKERS))
    starts.empty.push(await starting(false, 1))
  }

  // One of them serves nothing and only watches the others.
  const workers = () => processTree(told.pid)
  await wait(IDLE_MILLISECONDS)
  const idleMemory = workers().map(memoryOf)
  const idle = idleMemory.map(({ now }) => now)
  const own = idleMemory.map((one) => one.own)
  const generator = stack.use(forkBeside('./load-generator.ts'))
  const { issuer, confidential } = told
  const load: Load = {
    url: `${issuer}/oauth2/v2.0/token`,
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Authorization: `Basic ${Buffer.from(confidential.credentials).toString('base64')}`,
    },
    body: new URLSearchParams(confidential.form).toString(),
    connections: 64,
    milliseconds: options.milliseconds * 5,
  }
  const loaded: number[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    const { refused, refusal } = await askFor<LoadResult>(generator, load, 'result')
    if (refused > 0) throw new TypeError(`${refused} tokens were refused: ${refusal}`)
    loaded.push(Math.max(...workers().map((pid) => memoryOf(pid).now)))
  }
  const highest = Math.max(...workers().map((pid) => memoryOf(pid).high))
  return {
    name: 'start-memory',
    what: 'start to ready on PostgreSQL, and memory',
    unit: 's; MiB',
    baselines: [],
    measured: [
      row('start to ready, 1 process', starts.one),
      row(`start to ready, ${WORKERS} workers`, starts.several),
      row('start to ready, 1 process, empty database with all migrations to do', starts.empty),
      row('idle, each process', idle),
      row('loaded, the largest process', loaded),
    ],
    targets: [
      { what: 'start to ready', value: medianOf(starts.one), unit: 's', atMost: TARGET_START },
      { what: 'idle memory of the largest process', value: Math.max(...idle), unit: 'MiB', atMost: TARGET_IDLE },
      { what: 'loaded memory of the largest process', value: Math.max(...loaded), unit: 'MiB', atMost: TARGET_LOADED },
    ],
    notes: [
      'From the start of the program to the first 200 of /readyz, asked every 5 ms; Node starts and reads our .ts meanwhile.',
      `Memory is RSS of each process of \`postern serve\` with ${WORKERS} workers, ${IDLE_MILLISECONDS / 1000} s after nobody asked, and after each of ${options.rounds} loads of ${((options.milliseconds * 5) / 1000).toFixed(0)} s with tokens by client credentials on 64 connections; the largest that any process ever had was ${highest.toFixed(0)} MiB. Idle, at most ${Math.max(...own).toFixed(0)} MiB of it are the process's own (RssAnon); the rest is the program itself, which all share.`,
      'PostgreSQL runs with fsync off, as the tests start it.',
    ],
    figures: { highestMebibytes: highest },
    machine: describeMachine([], options.now),
  }
}
