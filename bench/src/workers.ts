/**
 * What a second process brings. Where the machine has cores for everybody, the two processes are pinned to two of them and the rest
 * to others, and rates are compared. Where it has not, a rate would tell of the generator and PostgreSQL, which take their share of
 * the same cores: then it is processor time that is compared. A token that costs as much with two processes as with one means that
 * two free cores would give twice as many.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { startPostgres } from '@postern/storage/contract'
import { processorTime, processTree } from './cpu-time.ts'
import { askFor, type Forked, forkBeside } from './forked.ts'
import type { Load, LoadResult } from './load-generator.ts'
import { describeMachine } from './machine.ts'
import { type Contestant, measureInRounds, medianOf } from './rounds.ts'
import type { Result } from './table.ts'
import type { TokenPathTold } from './token-path-server.ts'

const CONNECTIONS = 32
const TARGET = 1.8
/** Two for the service, and at least as many for generator and PostgreSQL. */
const CORES_FOR_PINNING = 4

interface Asked {
  readonly workers: number
  readonly told: TokenPathTold
  /** Microseconds of processors for one token, each round. */
  readonly service: number[]
  readonly database: number[]
  readonly generator: number[]
  /** Of the processes that serve, the share of the one that did least in what all did: 1 / workers is even. */
  readonly least: number[]
}

/** Of util-linux. */
const PINNING = 'taskset'

const pin = (pids: readonly number[], cores: string): void => {
  for (const pid of pids) execFileSync(PINNING, ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' })
}

function contestantOf(asked: Asked, generator: Forked): Contestant {
  const { told } = asked
  const load = (milliseconds: number): Load => ({
    url: `${told.issuer}/oauth2/v2.0/token`,
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Authorization: `Basic ${Buffer.from(told.confidential.credentials).toString('base64')}`,
    },
    body: new URLSearchParams(told.confidential.form).toString(),
    connections: CONNECTIONS,
    milliseconds,
  })
  const each = () => processTree(told.pid).map((pid) => ({ pid, time: processorTime(pid) ?? Number.NaN }))
  const database = () => processorTime(process.pid, 'postgres') ?? Number.NaN
  return {
    name: `${asked.workers} ${asked.workers === 1 ? 'process' : 'processes'}`,
    measure: async (milliseconds) => {
      const before = { each: each(), database: database() }
      const result = await askFor<LoadResult>(generator, load(milliseconds), 'result')
      const after = { each: each(), database: database() }
      if (result.refused > 0) throw new TypeError(`${result.refused} tokens were refused: ${result.refusal}`)
      // The first is the one that was started; with several, it only watches those that serve, and their time is in its own.
      const used = after.each.map(({ pid, time }) => time - (before.each.find((one) => one.pid === pid)?.time ?? time))
      const [all = Number.NaN, ...serving] = used
      const perToken = (time: number) => (time * 1000) / result.answered
      asked.service.push(perToken(all))
      asked.database.push(perToken(after.database - before.database))
      asked.generator.push(perToken(result.processor))
      asked.least.push(asked.workers === 1 ? 1 : Math.min(...serving) / serving.reduce((sum, one) => sum + one, 0))
      return (result.answered / result.milliseconds) * 1000
    },
  }
}

export async function benchWorkers(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  const cores = availableParallelism()
  const isPinned = cores >= CORES_FOR_PINNING
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const generator = stack.use(forkBeside('./load-generator.ts'))
  const start = async (workers: number): Promise<Asked> => {
    const environment = {
      POSTERN_BENCH_DATABASE: await postgres.createDatabase(),
      POSTERN_BENCH_WORKERS: String(workers),
      POSTERN_BENCH_PEOPLE: '0',
    }
    const told = (await stack.use(forkBeside('./token-path-server.ts', environment)).ask()) as unknown as TokenPathTold // what it says first
    return { workers, told, service: [], database: [], generator: [], least: [] }
  }
  const [one, two] = [await start(1), await start(2)]
  if (isPinned) {
    // Everything else first: what is forked later stays with its parent.
    pin(processTree(process.pid), `2-${cores - 1}`)
    stack.defer(() => pin([process.pid], `0-${cores - 1}`))
    pin(processTree(one.told.pid), '0')
    for (const [at, pid] of processTree(two.told.pid).entries()) pin([pid], String(at % 2))
  }
  const measured = await measureInRounds([contestantOf(one, generator), contestantOf(two, generator)], {
    ...options,
    milliseconds: options.milliseconds * 3,
  })
  const [alone, together] = measured
  const byRate = (together?.median ?? Number.NaN) / (alone?.median ?? Number.NaN)
  // The first of each is the warming round.
  const of = (times: readonly number[]) => medianOf(times.slice(1))
  const cost = (asked: Asked) => of(asked.service) + of(asked.database)
  const byTime = (2 * cost(one)) / cost(two)
  const describe = (asked: Asked) =>
    `${asked.workers === 1 ? 'one process' : 'two processes'} ${of(asked.service).toFixed(0)} µs in the service, ${of(asked.database).toFixed(0)} µs in PostgreSQL, ${of(asked.generator).toFixed(0)} µs in the generator`
  return {
    name: 'workers',
    what: 'tokens by client credentials with one process and with two, PostgreSQL',
    unit: 'per second',
    baselines: [alone?.name ?? ''],
    measured,
    targets: [
      isPinned
        ? { what: '2 processes / 1, by rate, each pinned to a core', value: byRate, atLeast: TARGET }
        : { what: `2 processes / 1, by processor time (${cores} cores: none is free)`, value: byTime, atLeast: TARGET },
    ],
    notes: [
      isPinned
        ? `The service is pinned to cores 0 and 1 (taskset), generator and PostgreSQL to the others. By processor time: ${byTime.toFixed(2)}.`
        : `This machine has ${cores} cores and no two of them are free: generator and PostgreSQL share them, and a single process already signs in the pool of threads beside its own. By rate two processes make ${byRate.toFixed(2)} of one here, which says little. By processor time: 2 x what a token costs with one / what it costs with two, service and PostgreSQL together.`,
      `Processor time of a token: ${describe(one)}; ${describe(two)}.`,
      `Of the two processes, the one that did less did ${(of(two.least) * 100).toFixed(0)} % of the work.`,
      'PostgreSQL runs with fsync off, as the tests start it.',
    ],
    figures: {
      byRate,
      byProcessorTime: byTime,
      microsecondsOne: cost(one),
      microsecondsTwo: cost(two),
      leastShare: of(two.least),
    },
    machine: describeMachine([], options.now),
  }
}
