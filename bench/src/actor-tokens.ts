/**
 * Actor tokens per second: the service with a worker for each core, beside what the same cores can sign with RSA-2048 and
 * nothing else, by openssl and by this Node. Every server and the generator is a process of its own, on the same cores.
 */
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { startPostgres } from '@postern/storage/contract'
import type { ActorLoad, ActorLoadResult } from './actor-generator.ts'
import { processorTime } from './cpu-time.ts'
import { type Forked, forkBeside } from './forked.ts'
import { describeMachine } from './machine.ts'
import { opensslSigning } from './openssl-speed.ts'
import { type Contestant, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'

/** Enough that both workers always have something to sign while others wait for the database. */
const CONNECTIONS = 48

type Target = Omit<ActorLoad, 'once' | 'connections' | 'milliseconds'> & { readonly pid: number }

interface Server {
  readonly name: string
  readonly process: Forked
  readonly target: Target
}

/** What the rounds of one contestant took: answers, and milliseconds of processors. */
interface Tally {
  answered: number
  service: number
  database: number
  last: ActorLoadResult | undefined
}

function requireTarget(message: Readonly<Record<string, unknown>>): Target {
  if (typeof message.url !== 'string' || typeof message.privateKey !== 'string')
    throw new TypeError('a server of the bench did not say where it is')
  return message as unknown as Target // the only first message of actor-server.ts
}

function requireResult(message: Readonly<Record<string, unknown>>): ActorLoadResult {
  if (typeof message.result !== 'object' || message.result === null)
    throw new TypeError(`the load generator failed: ${String(message.fault)}`)
  return message.result as ActorLoadResult // the only other message of actor-generator.ts
}

const signingByNode = (signers: readonly Forked[]): Contestant => ({
  name: 'node:crypto signing',
  measure: async (milliseconds) => {
    const answers = await Promise.all(signers.map((one) => one.ask({ milliseconds })))
    return answers.reduce((sum, { rate }) => sum + Number(rate), 0)
  },
})

function asking(name: string, server: Server, generator: Forked, once: boolean, tallies: Map<string, Tally>): Contestant {
  const times = () => ({
    service: processorTime(server.target.pid) ?? Number.NaN,
    database: processorTime(process.pid, 'postgres') ?? Number.NaN,
  })
  return {
    name,
    measure: async (milliseconds) => {
      const { pid: _, ...target } = server.target
      const load: ActorLoad = { ...target, once, connections: CONNECTIONS, milliseconds }
      const before = times()
      const result = requireResult(await generator.ask(load))
      const after = times()
      const tally = tallies.get(name) ?? { answered: 0, service: 0, database: 0, last: undefined }
      tally.answered += result.answered
      tally.service += after.service - before.service
      tally.database += after.database - before.database
      tally.last = result
      tallies.set(name, tally)
      return (result.answered / result.milliseconds) * 1000
    },
  }
}

/** Every token that was given must have its row: the answer leaves after it (R133). */
async function requireAudited(server: Server, answered: number): Promise<void> {
  const { audited } = await server.process.ask({ count: true })
  if (audited !== answered) throw new TypeError(`${server.name} gave ${answered} tokens and kept ${String(audited)} rows`)
}

function describe([name, { answered, service, database, last }]: readonly [string, Tally]): string {
  const each = (milliseconds: number) => `${((milliseconds * 1000) / answered).toFixed(0)} µs`
  const elsewhere = database > 0 ? ` and ${each(database)} in PostgreSQL` : ''
  const costs = Number.isNaN(service) ? '' : ` ${each(service)} of a core in the service${elsewhere} for each token;`
  return `${name}:${costs} ${last?.median.toFixed(1)} ms median, ${last?.p99.toFixed(1)} ms p99 in its last round`
}

export async function benchActorTokens(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  const cores = availableParallelism()
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const start = async (name: string, environment: Readonly<Record<string, string>>): Promise<Server> => {
    const forked = stack.use(forkBeside('./actor-server.ts', environment))
    return { name, process: forked, target: requireTarget(await forked.ask()) }
  }
  const onPostgres = await start('PostgreSQL', { POSTERN_BENCH_DATABASE: await postgres.createDatabase() })
  const embedded = await start('embedded', {})
  const signers = Array.from({ length: cores }, () => stack.use(forkBeside('./sign-alone.ts')))
  const generator = () => stack.use(forkBeside('./actor-generator.ts'))
  const tallies = new Map<string, Tally>()
  const contestants = [
    { name: 'Postern, PostgreSQL', server: onPostgres, once: true },
    { name: 'Postern, PostgreSQL, no jti', server: onPostgres, once: false },
    { name: 'Postern, embedded', server: embedded, once: true },
  ] as const
  // Tokens take longer to warm up than signatures; this also makes what the first round of each would wait for.
  const asked = contestants.map(({ name, server, once }) => asking(name, server, generator(), once, tallies))
  for (const one of asked) await one.measure(options.milliseconds)
  const measured = await measureInRounds([opensslSigning(cores), signingByNode(signers), ...asked], options)
  for (const server of [onPostgres, embedded]) {
    const given = contestants.filter((one) => one.server === server).map(({ name }) => tallies.get(name)?.answered ?? 0)
    await requireAudited(
      server,
      given.reduce((sum, one) => sum + one, 0),
    )
  }
  return {
    name: 'actor-tokens',
    what: 'actor tokens against assertions, RS256-2048 both',
    unit: 'per second',
    baselines: ['openssl signing', 'node:crypto signing'],
    measured,
    notes: [
      `${CONNECTIONS} kept-alive connections; generator, service and PostgreSQL share the ${cores} cores, which openssl and node:crypto have for themselves.`,
      'Each token is one signature made, one verified, one row of the audit trail written before the answer, and one jti claimed, except where it says "no jti".',
      `On PostgreSQL ${cores} workers answer; the embedded database lives in the memory of one process.`,
      `All answers were looked at: ${[...tallies.values()].reduce((sum, { answered }) => sum + answered, 0).toLocaleString('en-US')} tokens, no two alike, as many rows.`,
      'PostgreSQL runs with fsync off, as the tests start it.',
      ...[...tallies].map(describe),
    ],
    machine: describeMachine([], options.now),
  }
}
