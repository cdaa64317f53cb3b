/**
 * Rotations of refresh tokens per second, and redemptions of codes, on a PostgreSQL that keeps its promises (fsync on), beside
 * their combined limit of the same run: the signatures that the answers need, by openssl, plus one statement that makes the same
 * writes, by pgbench. Where one follows the other the times add up: limit = 1 / (signatures / S + 1 / P).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type Connection, connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { processorTime } from './cpu-time.ts'
import { askFor, forkBeside } from './forked.ts'
import { type ByHand, redemptionByHand, rotationByHand } from './hand-written-statements.ts'
import { describeMachine } from './machine.ts'
import { opensslSigning } from './openssl-speed.ts'
import { runPgbench } from './pgbench.ts'
import { type Contestant, combine, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'
import type { TokenPathLoad, TokenPathPeople, TokenPathPreparation, TokenPathResult } from './token-path-generator.ts'
import type { TokenPathTold } from './token-path-server.ts'

const CONNECTIONS = 64
const CLIENTS = 32
/** More redemptions a second than any machine of today does with three signatures each; a round that uses them up ends early. */
const MOST_PER_SECOND = 3000
/** And more statements. */
const MOST_STATEMENTS_PER_SECOND = 40_000

interface Kind {
  readonly name: string
  readonly what: string
  readonly load: TokenPathLoad['what']
  readonly scope: string
  readonly signatures: number
  readonly target: number
  readonly writes: string
  readonly byHand: typeof rotationByHand
}

const KINDS = {
  rotation: {
    name: 'refresh-rotation',
    what: 'refresh tokens rotated, PostgreSQL with fsync on',
    load: 'rotate',
    scope: 'offline_access https://mail.contoso.com/Mail.Read',
    signatures: 2,
    target: 0.6,
    writes:
      'the token used and the sealed answer kept with it, its successor added, the family touched, one row of the audit trail',
    byHand: rotationByHand,
  },
  redemption: {
    name: 'code-exchange',
    what: 'authorization codes redeemed, PostgreSQL with fsync on',
    load: 'redeem codes',
    scope: 'openid offline_access https://mail.contoso.com/Mail.Read',
    signatures: 3,
    target: 0.5,
    writes: 'the code consumed, its grant made to last, a family and its first token begun, one row of the audit trail',
    byHand: redemptionByHand,
  },
} satisfies Record<string, Kind>

interface Options {
  readonly rounds: number
  readonly milliseconds: number
  readonly now: Date
  readonly onRound: (round: number) => void
}

/** Milliseconds of processors, and how many turns they were for. */
interface Costs {
  turns: number
  service: number
  database: number
  generator: number
}

const databaseTime = () => processorTime(process.pid, 'postgres') ?? Number.NaN

async function askOne(connection: Connection, text: string): Promise<Readonly<Record<string, unknown>>> {
  const [row] = await connection.session(({ query }) => query(text))
  return row ?? {}
}

/** pgbench, each run with rows of its own that are there before the clock runs. Every turn must have found its row. */
function statementByHand(parts: {
  connection: Connection
  url: string
  byHand: ByHand
  directory: string
  costs: Costs
}): Contestant {
  let runs = 0
  return {
    name: 'one statement, pgbench',
    measure: async (milliseconds) => {
      runs += 1
      const run = `by-hand-${runs}`
      const seconds = Math.max(1, Math.round(milliseconds / 1000))
      await parts.connection.runScript(
        parts.byHand.prepare(run, CLIENTS, Math.ceil((seconds * MOST_STATEMENTS_PER_SECOND) / CLIENTS)),
      )
      const before = databaseTime()
      const { rate, transactions, processor } = await runPgbench({
        url: parts.url,
        script: parts.byHand.script,
        variables: { n: 0, run },
        clients: CLIENTS,
        seconds,
        directory: parts.directory,
      })
      parts.costs.database += databaseTime() - before
      parts.costs.generator += processor
      parts.costs.turns += transactions
      const { count } = await askOne(parts.connection, parts.byHand.count(run))
      if (count !== transactions) throw new TypeError(`pgbench did ${transactions} turns and left ${String(count)} rows`)
      return rate
    },
  }
}

async function benchTokenPath(kind: Kind, options: Options): Promise<Result> {
  const cores = availableParallelism()
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const postgres = await startPostgres({ settings: { fsync: 'on', synchronous_commit: 'on', max_wal_size: '4GB' } })
  stack.defer(() => postgres.stop())
  const url = await postgres.createDatabase()
  const server = stack.use(
    forkBeside('./token-path-server.ts', {
      POSTERN_BENCH_DATABASE: url,
      POSTERN_BENCH_WORKERS: '1',
      POSTERN_BENCH_PEOPLE: '32',
    }),
  )
  const told = (await server.ask()) as unknown as TokenPathTold // what token-path-server.ts says first
  const connection = connect({ kind: 'postgres', url, poolSize: 1, statementMilliseconds: 60_000 })
  stack.defer(() => connection.close())
  const { id: accountId } = await askOne(connection, `select id from account where upn_key = '${told.people[0]?.upn}'`)
  const whose = { realmId: told.realmId, accountId: String(accountId), clientId: told.mail.clientId }
  const generator = stack.use(forkBeside('./token-path-generator.ts'))
  await askFor(generator, { people: told, scope: kind.scope } satisfies TokenPathPeople, 'ready')

  const byHandCosts: Costs = { turns: 0, service: 0, database: 0, generator: 0 }
  const costs: Costs = { turns: 0, service: 0, database: 0, generator: 0 }
  let last: TokenPathResult | undefined
  const ours: Contestant = {
    name: 'Postern, one process',
    measure: async (milliseconds) => {
      const most = Math.ceil((milliseconds / 1000) * MOST_PER_SECOND)
      const times = () => ({ service: processorTime(told.pid) ?? Number.NaN, database: databaseTime() })
      // Codes are fetched, and chains begun, before the clock runs, but their cost would count: so not in the same message.
      const preparation = { prepare: kind.load, connections: CONNECTIONS, most } satisfies TokenPathPreparation
      await askFor(generator, preparation, 'ready')
      const before = times()
      last = await askFor<TokenPathResult>(
        generator,
        { what: kind.load, connections: CONNECTIONS, milliseconds } satisfies TokenPathLoad,
        'result',
      )
      const after = times()
      if (last.signatures !== kind.signatures) throw new TypeError(`an answer has ${last.signatures} tokens`)
      costs.turns += last.answered
      costs.service += after.service - before.service
      costs.database += after.database - before.database
      costs.generator += last.processor
      return (last.answered / last.milliseconds) * 1000
    },
  }
  const byHand = kind.byHand(whose)
  const contestants = [
    opensslSigning(cores),
    statementByHand({ connection, url, byHand, directory, costs: byHandCosts }),
    ours,
  ] as const
  const measured = await measureInRounds(contestants, { ...options, milliseconds: options.milliseconds * 2 })
  const [signing, statement, rotated] = measured
  if (signing === undefined || statement === undefined || rotated === undefined) throw new TypeError('three were measured')
  const limit = combine(
    'combined limit',
    [signing, statement],
    ([signs = 0, statements = 0]) => 1 / (kind.signatures / signs + 1 / statements),
  )
  const ratio = rotated.median / limit.median
  const each = (milliseconds: number, turns: number) => (milliseconds * 1000) / turns
  const own = {
    service: each(costs.service, costs.turns),
    database: each(costs.database, costs.turns),
    generator: each(costs.generator, costs.turns),
  }
  // openssl tells rates alone; what a signature costs is steadier by the processor time of Node's own.
  const { signed, processor } = await stack.use(forkBeside('./sign-alone.ts')).ask({ milliseconds: 500 })
  const least = {
    signing: each(Number(processor), Number(signed)) * kind.signatures,
    statement: each(byHandCosts.database, byHandCosts.turns),
    pgbench: each(byHandCosts.generator, byHandCosts.turns),
  }
  const byProcessor = (least.signing + least.statement) / (own.service + own.database)
  return {
    name: kind.name,
    what: kind.what,
    unit: 'per second',
    baselines: [limit.name],
    measured: [signing, statement, limit, rotated],
    targets: [{ what: `${rotated.name} / ${limit.name}`, value: ratio, atLeast: kind.target }],
    notes: [
      'One process is what `postern serve` starts unless it is told otherwise. With a worker for each of two cores, which PostgreSQL and the generator need as well, it gives less: 1,173 refreshes a second beside 1,374 of one process, by 32 connections in the same minute.',
      `combined limit = 1 / (${kind.signatures} / S + 1 / P), round by round: ${kind.signatures} RSA-2048 signatures by \`openssl speed -multi ${cores}\` and one statement by \`pgbench -M prepared -c ${CLIENTS}\`, each of which has the ${cores} cores for itself.`,
      `The statement makes the writes of the service to its own tables, rows of the same size: ${kind.writes}. Postern also reads, seals and checks.`,
      `Every answer was looked at: ${kind.signatures} signed tokens in each, an access token and a refresh token that came once. ${CONNECTIONS} kept-alive connections, an app each.`,
      `Processor time of one: ${own.service.toFixed(0)} µs in the service, ${own.database.toFixed(0)} µs in PostgreSQL, ${own.generator.toFixed(0)} µs in the generator, which shares the cores. The least: ${least.signing.toFixed(0)} µs of signing (node:crypto), ${least.statement.toFixed(0)} µs in PostgreSQL for the statement by hand (and ${least.pgbench.toFixed(0)} µs in pgbench). By processor time without the generators: ${byProcessor.toFixed(2)} of the least.`,
      `${last?.median.toFixed(1)} ms median, ${last?.p99.toFixed(1)} ms p99 in the last round. PostgreSQL with fsync and synchronous_commit on, the rest as it comes but max_wal_size.`,
    ],
    figures: {
      ratio,
      ratioByProcessorTime: byProcessor,
      serviceMicroseconds: own.service,
      databaseMicroseconds: own.database,
      generatorMicroseconds: own.generator,
      signingMicroseconds: least.signing,
      statementMicroseconds: least.statement,
    },
    machine: describeMachine(['pg'], options.now),
  }
}

export const benchRefreshRotation = (options: Options): Promise<Result> => benchTokenPath(KINDS.rotation, options)
export const benchCodeExchange = (options: Options): Promise<Result> => benchTokenPath(KINDS.redemption, options)
