/**
 * Tokens per second by client credentials: Postern beside a bare oidc-provider in memory, the same load from the same
 * generator, and beside what openssl can sign on this machine in the same minute. Every server and the generator is a process
 * of its own.
 */
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { startPostgres } from '@postern/storage/contract'
import { processorTime } from './cpu-time.ts'
import { type Forked, forkBeside } from './forked.ts'
import type { Load, LoadResult } from './load-generator.ts'
import { describeMachine } from './machine.ts'
import { opensslSigning } from './openssl-speed.ts'
import { type Contestant, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'
import type { TokenPathTold } from './token-path-server.ts'

const CONNECTIONS = 64

interface Endpoint {
  readonly url: string
  readonly form: Readonly<Record<string, string>>
  /** `id:secret`, for Basic. */
  readonly credentials: string
}

function requireEndpoint(message: Readonly<Record<string, unknown>>): Endpoint {
  const { url, form, credentials } = message
  if (typeof url !== 'string' || typeof credentials !== 'string' || typeof form !== 'object' || form === null)
    throw new TypeError('a server of the bench did not say where it is')
  return { url, credentials, form: { ...form } as Record<string, string> } // our own processes write strings only
}

function requireResult(message: Readonly<Record<string, unknown>>): LoadResult {
  if (typeof message.result !== 'object' || message.result === null)
    throw new TypeError(`the load generator failed: ${String(message.fault)}`)
  return message.result as LoadResult // the only other message of load-generator.ts
}

/** What the rounds of one contestant took: answers, and milliseconds of processors. */
interface Tally {
  answered: number
  service: number
  database: number
  generator: number
  last: LoadResult | undefined
}

function served(name: string, at: Endpoint & { pid: number }, generator: Forked, tallies: Map<string, Tally>): Contestant {
  const { pid, ...endpoint } = at
  const times = () => ({
    service: processorTime(pid) ?? Number.NaN,
    database: processorTime(process.pid, 'postgres') ?? Number.NaN,
  })
  return {
    name,
    measure: async (milliseconds) => {
      const load: Load = {
        url: endpoint.url,
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          Authorization: `Basic ${Buffer.from(endpoint.credentials).toString('base64')}`,
        },
        body: new URLSearchParams(endpoint.form).toString(),
        connections: CONNECTIONS,
        milliseconds,
      }
      const before = times()
      const result = requireResult(await generator.ask(load))
      const after = times()
      if (result.refused > 0) throw new TypeError(`${name} refused ${result.refused} requests: ${result.refusal}`)
      const tally = tallies.get(name) ?? { answered: 0, service: 0, database: 0, generator: 0, last: undefined }
      tally.answered += result.answered
      tally.service += after.service - before.service
      tally.database += after.database - before.database
      tally.generator += result.processor
      tally.last = result
      tallies.set(name, tally)
      return (result.answered / result.milliseconds) * 1000
    },
  }
}

const ONE_PROCESS = 'Postern, one process'

const serversOn = (databaseUrl: string) =>
  [
    ['fixed answer', './fixed-answer.ts', {}],
    ['bare oidc-provider', './bare-provider.ts', {}],
    [ONE_PROCESS, './postern-server.ts', { POSTERN_BENCH_DATABASE: databaseUrl }],
    ['Postern, embedded', './postern-server.ts', {}],
  ] as const

export async function benchClientCredentials(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const generator = stack.use(forkBeside('./load-generator.ts'))
  const tallies = new Map<string, Tally>()
  const cores = availableParallelism()
  const contestants: Contestant[] = [opensslSigning(cores)]
  for (const [name, file, environment] of serversOn(await postgres.createDatabase())) {
    const server = stack.use(forkBeside(file, environment))
    contestants.push(served(name, { ...requireEndpoint(await server.ask()), pid: server.pid }, generator, tallies))
  }
  const all = `Postern, PostgreSQL, ${cores} workers`
  const environment = {
    POSTERN_BENCH_DATABASE: await postgres.createDatabase(),
    POSTERN_BENCH_WORKERS: String(cores),
    POSTERN_BENCH_PEOPLE: '0',
  }
  const several = stack.use(forkBeside('./token-path-server.ts', environment))
  const { pid, issuer, confidential } = (await several.ask()) as unknown as TokenPathTold // what it says first
  contestants.push(served(all, { pid, url: `${issuer}/oauth2/v2.0/token`, ...confidential }, generator, tallies))
  // Tokens take longer to warm up than signatures, and a round of a server is dearer to disturb.
  const measured = await measureInRounds(contestants, { ...options, milliseconds: options.milliseconds * 3 })
  const medianOf = (name: string) => measured.find((one) => one.name === name)?.median ?? Number.NaN
  const describe = ([name, { answered, service, database, generator: asking, last }]: readonly [string, Tally]) => {
    const each = (part: number) => `${((part * 1000) / answered).toFixed(0)} µs`
    return `${name}: ${each(service)} of a core in the service, ${each(database)} in PostgreSQL, ${each(asking)} in the generator for each token; ${last?.median.toFixed(1)} ms median, ${last?.p99.toFixed(1)} ms p99 in its last round`
  }
  const figuresOf = (name: string, { answered, service, database, generator: asking }: Tally) => [
    [`${name}: microseconds in the service`, (service * 1000) / answered],
    [`${name}: microseconds in PostgreSQL`, (database * 1000) / answered],
    [`${name}: microseconds in the generator`, (asking * 1000) / answered],
  ]
  return {
    name: 'client-credentials',
    what: 'RS256-2048 access tokens by client credentials',
    unit: 'per second',
    baselines: ['openssl signing', 'bare oidc-provider'],
    measured,
    targets: [
      { what: `${ONE_PROCESS} / openssl signing`, value: medianOf(ONE_PROCESS) / medianOf('openssl signing'), atLeast: 0.6 },
      {
        what: `${ONE_PROCESS} / bare oidc-provider`,
        value: medianOf(ONE_PROCESS) / medianOf('bare oidc-provider'),
        atLeast: 1,
      },
    ],
    notes: [
      `One process is what \`postern serve\` starts unless it is told otherwise, and what is judged. With ${cores} workers: ${(medianOf(all) / medianOf('openssl signing')).toFixed(2)} of signing, ${(medianOf(all) / medianOf('bare oidc-provider')).toFixed(2)} of bare oidc-provider; PostgreSQL and the generator need the same cores.`,
      `${CONNECTIONS} kept-alive connections from one generator process; it shares the ${availableParallelism()} cores with the server.`,
      'fixed answer is what generator and node:http cost without any work: the ceiling of the servers below it.',
      `openssl signing uses all ${availableParallelism()} cores and nothing else: \`openssl speed -multi\`.`,
      'bare oidc-provider keeps nothing and writes no audit; Postern writes an audit row for every token before the answer leaves.',
      'PostgreSQL runs on the same cores, with fsync off as the tests start it; the embedded database lives in the memory of its process.',
      'bare oidc-provider keeps its tokens in one process, so it has one; it signs in the pool of threads of that process, which uses the other core too.',
      ...[...tallies].map(describe),
    ],
    figures: Object.fromEntries([...tallies].flatMap(([name, tally]) => figuresOf(name, tally))),
    machine: describeMachine(['oidc-provider', 'jose'], options.now),
  }
}
