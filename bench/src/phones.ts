/**
 * What a thousand phones cost that go on showing the password from before, once a minute each: the share of a core that the
 * service and PostgreSQL need for them, the hashes and the counters written, and whether their owners are still let in.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { processorTime } from './cpu-time.ts'
import { askFor, type Forked, forkBeside } from './forked.ts'
import { describeMachine } from './machine.ts'
import type { PhonesLoad, PhonesResult } from './phones-generator.ts'
import type { Phone, PhonesTold } from './phones-server.ts'
import { type Measured, medianOf } from './rounds.ts'
import { walk } from './signin-walk.ts'
import type { Result } from './table.ts'

const TARGET_PERCENT = 5
/** Owners who sign in afterwards. */
const SAMPLE = 20
/** A minute has so many windows, each of another part of the phones; a round is one window. */
const WINDOWS = 5
const MINUTE_SECONDS = 60
/** Fewer than the service hashes and lets wait. */
const FIRST_CONNECTIONS = 4

/** What one phase cost. */
interface Cost {
  readonly name: string
  /** Percent of one core, in each window. */
  readonly service: number[]
  readonly database: number[]
  tries: number
  hashes: number
  counterWrites: number
}

interface Bench {
  readonly told: PhonesTold
  readonly generator: Forked
  readonly countHashes: () => Promise<number>
  readonly countWrites: () => Promise<number>
}

const newCost = (name: string): Cost => ({ name, service: [], database: [], tries: 0, hashes: 0, counterWrites: 0 })

/** Every change of a counter of failed attempts is counted by the database itself. */
async function watchCounters(database: string): Promise<{ close: () => Promise<void>; countWrites: () => Promise<number> }> {
  const connection = await connect({ kind: 'postgres', url: database, poolSize: 1 })
  await connection.runScript(`create sequence bench_counter_write minvalue 0 start 0;
    select nextval('bench_counter_write');
    create function bench_count() returns trigger language plpgsql as
      $body$ begin perform nextval('bench_counter_write'); return null; end $body$;
    create trigger bench_count after insert or update or delete on attempt_counter for each row execute function bench_count()`)
  const countWrites = async () => {
    const rows = await connection.session(({ query }) => query('select last_value from bench_counter_write'))
    return Number(rows[0]?.last_value)
  }
  return { close: () => connection.close(), countWrites }
}

/** Runs `work` and adds what it cost. `work` says how many tries it was and how long it took. */
async function costing(
  { told, countHashes, countWrites }: Bench,
  cost: Cost,
  work: () => Promise<{ tries: number; milliseconds: number }>,
): Promise<void> {
  const take = async () => ({
    service: processorTime(told.pid) ?? Number.NaN,
    database: processorTime(process.pid, 'postgres') ?? Number.NaN,
    hashes: await countHashes(),
    writes: await countWrites(),
  })
  const before = await take()
  const { tries, milliseconds } = await work()
  const after = await take()
  cost.service.push(((after.service - before.service) / milliseconds) * 100)
  cost.database.push(((after.database - before.database) / milliseconds) * 100)
  cost.tries += tries
  cost.hashes += after.hashes - before.hashes
  cost.counterWrites += after.writes - before.writes
}

async function ask(
  { told, generator }: Bench,
  phones: readonly Phone[],
  how: Pick<PhonesLoad, 'pace'> & { shows: 'stale' | 'right'; expect: string },
): Promise<{ tries: number; milliseconds: number }> {
  const { url, authorization } = told
  const load: PhonesLoad = { url, authorization, bodies: phones.map((phone) => phone[how.shows]), pace: how.pace }
  const { answers, milliseconds } = await askFor<PhonesResult>(generator, load, 'result')
  if (answers[how.expect] !== phones.length)
    throw new TypeError(`${phones.length} phones were told ${JSON.stringify(answers)}, not ${how.expect}`)
  return { tries: phones.length, milliseconds }
}

const stale = { shows: 'stale', expect: 'denied wrong_secret' } as const

/** All of them once within a minute, in windows. */
async function minuteOf(bench: Bench, cost: Cost, onWindow: (window: number) => void, windows = WINDOWS): Promise<void> {
  const { phones } = bench.told
  const perSecond = phones.length / MINUTE_SECONDS
  const share = phones.length / WINDOWS
  for (let window = 0; window < windows; window += 1) {
    onWindow(window)
    const first = (window % WINDOWS) * share
    await costing(bench, cost, () => ask(bench, phones.slice(first, first + share), { ...stale, pace: { perSecond } }))
  }
}

/** Signs in on the web with the right password, each once, from where the phone is. @throws {TypeError} where one is not let in */
async function signInOwners({ told }: Bench, phones: readonly Phone[]): Promise<void> {
  const { issuer, mail, password } = told
  for (const { upn, secret, source } of phones) await walk({ issuer, mail, password, upn, secret, address: source })
}

const row = (name: string, rates: readonly number[]): Measured => ({
  name,
  rates,
  median: medianOf(rates),
  lowest: Math.min(...rates),
  highest: Math.max(...rates),
})

export async function benchPhones(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const hashes = join(directory, 'hashes')
  await writeFile(hashes, '')
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const database = await postgres.createDatabase()
  const server = stack.use(forkBeside('./phones-server.ts', { POSTERN_BENCH_DATABASE: database, POSTERN_BENCH_HASHES: hashes }))
  const told = (await server.ask()) as unknown as PhonesTold // what phones-server.ts says first
  const generator = stack.use(forkBeside('./phones-generator.ts'))
  const { close, countWrites } = await watchCounters(database)
  stack.defer(close)
  const bench: Bench = { told, generator, countHashes: async () => (await stat(hashes)).size, countWrites }

  const idle = newCost('nobody asks')
  const first = newCost('first try of each, as fast as it goes')
  const second = newCost('second try, within a minute')
  const third = newCost('third try, as fast as it goes')
  const later = newCost('every further try, within a minute')
  const load = [loadavg()[0] ?? Number.NaN]
  for (let window = 0; window < WINDOWS; window += 1) {
    await costing(bench, idle, async () => {
      const start = performance.now()
      await wait(3000)
      return { tries: 0, milliseconds: performance.now() - start }
    })
  }
  const { phones } = told
  const fast = { ...stale, pace: { connections: FIRST_CONNECTIONS } }
  await costing(bench, first, () => ask(bench, phones, fast))
  await minuteOf(bench, second, () => undefined)
  await costing(bench, third, () => ask(bench, phones, fast))
  await minuteOf(bench, later, options.onRound, options.rounds)
  load.push(loadavg()[0] ?? Number.NaN)
  if (first.hashes < phones.length) throw new TypeError('hashes were not counted: a password that is new costs one')

  const sample = phones.filter((_, index) => index % (phones.length / SAMPLE) === 0)
  await signInOwners(bench, sample)
  await ask(bench, sample, { shows: 'right', expect: 'allow app_active', pace: { connections: 2 } })

  const percent = medianOf(later.service)
  const perTry = (cost: Cost, part: 'service' | 'database') =>
    `${((medianOf(cost[part]) * 10 * MINUTE_SECONDS) / phones.length).toFixed(2)} ms`
  const count = ({ name, tries, hashes: hashed, counterWrites }: Cost) =>
    `${name}: ${hashed} hashes and ${counterWrites} writes of counters for ${tries} tries`
  return {
    name: 'phones',
    what: `${phones.length.toLocaleString('en-US')} phones show a password that is not right any more, once a minute each, PostgreSQL`,
    unit: '% of a core',
    baselines: [],
    measured: [
      row(`service: ${idle.name}`, idle.service),
      row(`service: ${first.name}`, first.service),
      row(`service: ${second.name}`, second.service),
      row(`service: ${later.name}`, later.service),
      row(`PostgreSQL: ${idle.name}`, idle.database),
      row(`PostgreSQL: ${first.name}`, first.database),
      row(`PostgreSQL: ${second.name}`, second.database),
      row(`PostgreSQL: ${later.name}`, later.database),
    ],
    targets: [{ what: 'a core of the service for every further try', value: percent, unit: '%', atMost: TARGET_PERCENT }],
    notes: [
      `The service takes ${percent.toFixed(1)} % of a core for them. Of it ${medianOf(idle.service).toFixed(1)} % are what it takes while nobody asks. PostgreSQL takes ${medianOf(later.database).toFixed(1)} % besides.`,
      `${count(first)}. ${count(second)}. ${count(third)}. ${count(later)}.`,
      `Nobody was locked out: afterwards ${sample.length} of the owners signed in on the web at the first try, from the address of their phone, and ${sample.length} phones with the right password were let in.`,
      `A try in the paced minutes, all of the service included: ${perTry(second, 'service')} of a core in the service and ${perTry(second, 'database')} in PostgreSQL for the second, ${perTry(later, 'service')} and ${perTry(later, 'database')} for every further one.`,
      `One process serves; each phone has an account, a device and an address of its own. Its processor time is that of whole processes, as Linux counts it, in ${WINDOWS} windows of ${MINUTE_SECONDS / WINDOWS} s for each minute. The load of the machine was ${load.map((one) => one.toFixed(1)).join(' at the start and ')} at the end.`,
      'A process that is started anew has forgotten what it heard: each phone then costs one hash once more.',
      'PostgreSQL runs with fsync off, as the tests start it.',
    ],
    figures: {
      servicePercent: percent,
      idlePercent: medianOf(idle.service),
      databasePercent: medianOf(later.database),
      hashes: later.hashes,
      counterWrites: later.counterWrites,
      targetPercent: TARGET_PERCENT,
    },
    machine: describeMachine([], options.now),
  }
}
