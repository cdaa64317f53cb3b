/**
 * Decisions of the mail gate per second, for apps that show an app password: the service with one worker and with two, on
 * PostgreSQL, beside the bare hash, a bare SELECT on the same PostgreSQL, the same SELECT behind node:http, a SELECT of all rows that
 * a decision reads, and a server that decides nothing.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import type { HashLoad } from './argon2-alone.ts'
import { processorTime } from './cpu-time.ts'
import { askFor, type Forked, forkBeside } from './forked.ts'
import { describeMachine } from './machine.ts'
import type { GateLoad, GateLoadResult } from './mail-gate-generator.ts'
import type { HttpSelectOpening } from './mail-gate-http-select.ts'
import type { SelectLoad } from './mail-gate-select.ts'
import type { Gate, GateTold } from './mail-gate-server.ts'
import { type Contestant, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'

/** Connections of the mail server, sessions of the SELECT. */
const AT_ONCE = 32
const HASHES_AT_ONCE = 8
/** Connections on which each app comes for the first time: few enough that nobody is told to come back. */
const FIRST_CONNECTIONS = 4
/** Right answers are remembered for 300 s; before that every app is asked about anew. */
const WARM_MILLISECONDS = 240_000

const BY_NAME = 'bare SELECT'
const OF_A_DECISION = 'SELECT of all that a decision reads'
const BEHIND_HTTP = 'the SELECT behind node:http'

/** Of an indexed SELECT. */
const TARGET = 0.5

interface Tally {
  answered: number
  service: number
  database: number
  generator: number
  hashes: number
  last: GateLoadResult | undefined
}

/** A gate with the generator that asks it, and what has come of it so far. */
interface Asked {
  readonly gate: Gate
  readonly name: string
  readonly ask: (how: Pick<GateLoad, 'connections' | 'until'>) => Promise<GateLoadResult>
  readonly tally: Tally
  warmedAt: number
  /** Decisions per second and hashes, when every app came for the first time. */
  first: { readonly rate: number; readonly hashes: number } | undefined
}

function asking(gate: Gate, { authorization, questions }: GateTold, generator: Forked): Asked {
  return {
    gate,
    name: `the gate, ${gate.workers} ${gate.workers === 1 ? 'worker' : 'workers'}`,
    ask: (how) =>
      askFor(generator, { url: gate.url, authorization, questions, isFixed: false, ...how } satisfies GateLoad, 'result'),
    tally: { answered: 0, service: 0, database: 0, generator: 0, hashes: 0, last: undefined },
    warmedAt: Number.NEGATIVE_INFINITY,
    first: undefined,
  }
}

/** What is done to the database and read from beside the requests. */
interface Around {
  readonly countHashes: () => Promise<number>
  /** Otherwise PostgreSQL does it by itself, in the middle of a round. */
  readonly analyze: () => Promise<void>
}

/** Most passes until every process of the service has heard of every app; one more than there are workers would do. */
const MOST_PASSES = 8

/** Until every process of the service knows every app, so that asking about all of them on every connection costs no hash. */
async function warm(asked: Asked, { countHashes, analyze }: Around): Promise<void> {
  asked.warmedAt = performance.now()
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const before = await countHashes()
    const until = pass === 0 ? 'each app' : 'each app on each connection'
    const { answered, milliseconds } = await asked.ask({ connections: FIRST_CONNECTIONS, until })
    const hashes = (await countHashes()) - before
    if (asked.first === undefined) await analyze()
    asked.first ??= { rate: (answered / milliseconds) * 1000, hashes }
    if (hashes === 0) return
  }
  throw new TypeError('right app passwords are not remembered')
}

function contestantOf(asked: Asked, around: Around): Contestant {
  const { countHashes } = around
  const times = () => ({
    service: processorTime(asked.gate.pid) ?? Number.NaN,
    database: processorTime(process.pid, 'postgres') ?? Number.NaN,
  })
  return {
    name: asked.name,
    measure: async (milliseconds) => {
      if (performance.now() + milliseconds > asked.warmedAt + WARM_MILLISECONDS) await warm(asked, around)
      const [before, hashes] = [times(), await countHashes()]
      const result = await asked.ask({ connections: AT_ONCE, until: { milliseconds } })
      const after = times()
      const { tally } = asked
      tally.answered += result.answered
      tally.service += after.service - before.service
      tally.database += after.database - before.database
      tally.generator += result.processor
      tally.hashes += (await countHashes()) - hashes
      tally.last = result
      return (result.answered / result.milliseconds) * 1000
    },
  }
}

function describe({ name, tally, first }: Asked): string {
  const { answered, service, database, generator, hashes, last } = tally
  const each = (milliseconds: number) => `${((milliseconds * 1000) / answered).toFixed(0)} µs`
  return `${name}: ${each(service)} of a core in the service, ${each(database)} in PostgreSQL, ${each(generator)} in the generator for each of ${answered.toLocaleString('en-US')} decisions, ${hashes} hashes among them; ${last?.median.toFixed(1)} ms median, ${last?.p99.toFixed(1)} ms p99 in the last round. When every app came for the first time: ${first?.rate.toFixed(0)} per second, with ${first?.hashes} hashes.`
}

async function analyze(url: string): Promise<void> {
  const connection = connect({ kind: 'postgres', url, poolSize: 1, statementMilliseconds: 60_000 })
  try {
    await connection.session(({ query }) => query('analyze'))
  } finally {
    await connection.close()
  }
}

export async function benchMailGate(options: {
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
  const countHashes = async () => (await stat(hashes)).size
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const database = await postgres.createDatabase()
  const environment = { POSTERN_BENCH_DATABASE: database, POSTERN_BENCH_HASHES: hashes }
  const server = stack.use(forkBeside('./mail-gate-server.ts', environment))
  const told = (await server.ask()) as unknown as GateTold // what mail-gate-server.ts says first
  const alone = stack.use(forkBeside('./argon2-alone.ts'))
  await alone.ask()
  const select = stack.use(forkBeside('./mail-gate-select.ts', environment))
  await select.ask()
  const fixed = stack.use(forkBeside('./fixed-answer.ts'))
  const { url } = await fixed.ask()
  const overHttp = stack.use(forkBeside('./mail-gate-http-select.ts', environment))
  const opening = { realmId: told.realmId, sessions: AT_ONCE } satisfies HttpSelectOpening
  const overHttpUrl = await askFor<string>(overHttp, opening, 'url')
  const generator = () => stack.use(forkBeside('./mail-gate-generator.ts'))
  const fixedGenerator = generator()

  const asked = told.gates.map((gate) => asking(gate, told, generator()))
  const people = told.questions.length
  const selecting = (rows: SelectLoad['rows']) => (milliseconds: number) => {
    const looking: SelectLoad = { rows, realmId: told.realmId, people, sessions: AT_ONCE, milliseconds }
    return askFor<number>(select, looking, 'perSecond')
  }
  /** Decisions a second of a server that decides nothing, from a generator that looks at the status alone. */
  const askingFixed = (address: string) => async (milliseconds: number) => {
    const { authorization, questions } = told
    const about = { url: address, authorization, questions, isFixed: true, connections: AT_ONCE }
    const sent: GateLoad = { ...about, until: { milliseconds } }
    const result = await askFor<GateLoadResult>(fixedGenerator, sent, 'result')
    return (result.answered / result.milliseconds) * 1000
  }
  const load = [loadavg()[0] ?? Number.NaN]
  const measured = await measureInRounds(
    [
      {
        name: 'bare argon2id',
        measure: (milliseconds) => askFor(alone, { atOnce: HASHES_AT_ONCE, milliseconds } satisfies HashLoad, 'perSecond'),
      },
      { name: BY_NAME, measure: selecting('name') },
      { name: BEHIND_HTTP, measure: askingFixed(overHttpUrl) },
      { name: 'node:http, a fixed answer', measure: askingFixed(String(url)) },
      ...asked.map((one) => contestantOf(one, { countHashes, analyze: () => analyze(database) })),
      // Last, since an app has its row only when it has come for the first time.
      { name: OF_A_DECISION, measure: selecting('decision') },
    ],
    { ...options, milliseconds: options.milliseconds * 2 },
  )
  load.push(loadavg()[0] ?? Number.NaN)
  if (asked.some(({ first }) => (first?.hashes ?? 0) < people))
    throw new TypeError('hashes were not counted: every app costs one when it comes for the first time')
  const rateOf = (name: string) => measured.find((one) => one.name === name)?.median ?? Number.NaN
  const [best = { name: 'the gate', median: Number.NaN }] = measured
    .filter(({ name }) => asked.some((one) => one.name === name))
    .toSorted((one, other) => other.median - one.median)
  const perDecision = (part: 'service' | 'database', { tally }: Asked) => (tally[part] * 1000) / tally.answered
  return {
    name: 'mail-gate',
    what: 'decisions about activated apps that show an app password, PostgreSQL',
    unit: 'per second',
    baselines: ['bare argon2id', BY_NAME, BEHIND_HTTP, OF_A_DECISION, 'node:http, a fixed answer'],
    measured,
    targets: [
      { what: `${best.name} / bare SELECT by the driver`, value: best.median / rateOf(BY_NAME), atLeast: TARGET },
      {
        what: `${best.name} / the SELECT behind node:http`,
        value: best.median / rateOf(BEHIND_HTTP),
        atLeast: TARGET,
      },
      {
        what: `${best.name} / a SELECT of all that a decision reads, by the driver`,
        value: best.median / rateOf(OF_A_DECISION),
        atLeast: TARGET,
      },
    ],
    notes: [
      `${people.toLocaleString('en-US')} apps in turn, each of another account, on ${AT_ONCE} kept-alive connections; the SELECTs have as many sessions. ${BY_NAME} finds an account by its name: one row of one table. ${OF_A_DECISION} finds the rows of account, password, app, app password and assigned policy by one statement for each decision; the service reads the realm's version besides, and puts the looks of one moment into one statement. bare argon2id has ${HASHES_AT_ONCE} checks in flight, with m=19456 t=2 p=1.`,
      'The SELECTs by the driver have neither HTTP nor a generator, which for the others takes its share of the same cores (below). 1 / (1 / SELECT + 1 / fixed answer) is what HTTP leaves of it. The SELECT behind node:http shows it measured.',
      'Every answer was looked at: it lets in the person whose app password was shown.',
      'A right app password is remembered for 300 s by each process, and what was seen of an app is written once a minute: an app that asks once a minute costs a hash at every fifth decision, one that asks at every request almost none.',
      ...asked.map(describe),
      `Generator, service and PostgreSQL share the cores, which the others have for themselves. Processor time is the steadier figure where others use them too: the load was ${load.map((one) => one.toFixed(1)).join(' at the start and ')} at the end.`,
      'PostgreSQL runs with fsync off, as the tests start it. Its tables were analyzed when every app had come for the first time, as autovacuum does within a minute.',
    ],
    figures: Object.fromEntries(
      asked.flatMap((one) => [
        [`serviceMicrosecondsWith${one.gate.workers}`, perDecision('service', one)],
        [`databaseMicrosecondsWith${one.gate.workers}`, perDecision('database', one)],
        [`firstPerSecondWith${one.gate.workers}`, one.first?.rate ?? Number.NaN],
      ]),
    ),
    machine: describeMachine(['@node-rs/argon2', 'pg'], options.now),
  }
}
