/**
 * Tokens per second by client credentials: Postern beside a bare oidc-provider in memory, the same load from the same
 * generator, and beside what openssl can sign on this machine in the same minute. Every server and the generator is a process
 * of its own.
 */
import { availableParallelism } from 'node:os'
import { startPostgres } from '@postern/storage/contract'
import { type Forked, forkBeside } from './forked.ts'
import type { Load, LoadResult } from './load-generator.ts'
import { describeMachine } from './machine.ts'
import { opensslSigning } from './openssl-speed.ts'
import { type Contestant, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'

const CONNECTIONS = 32

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

function served(name: string, endpoint: Endpoint, generator: Forked, latencies: Map<string, LoadResult[]>): Contestant {
  return {
    name,
    measure: async (milliseconds) => {
      const load: Load = {
        url: endpoint.url,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${Buffer.from(endpoint.credentials).toString('base64')}`,
        },
        body: new URLSearchParams(endpoint.form).toString(),
        connections: CONNECTIONS,
        milliseconds,
      }
      const result = requireResult(await generator.ask(load))
      if (result.refused > 0) throw new TypeError(`${name} refused ${result.refused} requests: ${result.refusal}`)
      latencies.set(name, [...(latencies.get(name) ?? []), result])
      return (result.answered / result.milliseconds) * 1000
    },
  }
}

const serversOn = (databaseUrl: string) =>
  [
    ['fixed answer', './fixed-answer.ts', {}],
    ['bare oidc-provider', './bare-provider.ts', {}],
    ['Postern, PostgreSQL', './postern-server.ts', { POSTERN_BENCH_DATABASE: databaseUrl }],
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
  const latencies = new Map<string, LoadResult[]>()
  const contestants: Contestant[] = [opensslSigning(availableParallelism())]
  for (const [name, file, environment] of serversOn(await postgres.createDatabase())) {
    const server = stack.use(forkBeside(file, environment))
    contestants.push(served(name, requireEndpoint(await server.ask()), generator, latencies))
  }
  // Tokens take longer to warm up than signatures, and a round of a server is dearer to disturb.
  const measured = await measureInRounds(contestants, { ...options, milliseconds: options.milliseconds * 3 })
  const latency = ([name, results]: readonly [string, readonly LoadResult[]]) => {
    const last = results.at(-1)
    return `${name}: ${last?.median.toFixed(1)} ms median, ${last?.p99.toFixed(1)} ms p99 in its last round`
  }
  return {
    name: 'client-credentials',
    what: 'RS256-2048 access tokens by client credentials',
    unit: 'per second',
    baselines: ['openssl signing', 'bare oidc-provider'],
    measured,
    notes: [
      `${CONNECTIONS} kept-alive connections from one generator process; it shares the ${availableParallelism()} cores with the server.`,
      'fixed answer is what generator and node:http cost without any work: the ceiling of the servers below it.',
      `openssl signing uses all ${availableParallelism()} cores and nothing else: \`openssl speed -multi\`.`,
      'bare oidc-provider keeps nothing and writes no audit; Postern writes an audit row for every token before the answer leaves.',
      'PostgreSQL runs on the same cores, with fsync off as the tests start it; the embedded database lives in the memory of its process.',
      ...[...latencies].map(latency),
    ],
    machine: describeMachine(['oidc-provider', 'jose'], options.now),
  }
}
