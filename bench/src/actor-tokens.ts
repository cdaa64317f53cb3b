/**
 * Actor tokens per second: the service in one process and with a worker for each core, beside what the same cores can sign with RSA-2048 and
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

const ONE_PROCESS = 'Postern, one process'
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
  generator: number
  last: ActorLoadResult | undefined
}

/** Milliseconds of processors for each signature of `sign-alone.ts`, over all rounds. */
interface Signing {
  signed: number
  processor: number
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

const signingByNode = (signers: readonly Forked[], signing: Signing): Contestant => ({
  name: 'node:crypto signing',
  measure: async (milliseconds) => {
    const answers = await Promise.all(signers.map((one) => one.ask({ milliseconds })))
    for (const { signed, processor } of answers) {
      signing.signed += Number(signed)
      signing.processor += Number(processor)
    }
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

/** Every token that was given must have its row: the answer leaves after it (R133). */
async function requireAudited(server: Server, answered: number): Promise<void> {
  const { audited } = await server.process.ask({ count: true })
  if (audited !== answered) throw new TypeError(`${server.name} gave ${answered} tokens and kept ${String(audited)} rows`)
}

function describe([name, tally]: readonly [string, Tally], { signed, processor }: Signing): string {
  const { answered, service, database, generator, last } = tally
  const each = (milliseconds: number) => `${((milliseconds * 1000) / answered).toFixed(0)} µs`
  const elsewhere = database > 0 ? `, ${each(database)} in PostgreSQL` : ''
  const share = (processor / signed / ((service + database + generator) / answered)).toFixed(2)
  const costs = Number.isNaN(service)
    ? ''
    : ` ${each(service)} of a core in the service${elsewhere}, ${each(generator)} in the generator for each token: x ${share} of node:crypto by processor time;`
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
  const onPostgres = async (name: string, workers: number) =>
    start(name, { POSTERN_BENCH_DATABASE: await postgres.createDatabase(), POSTERN_BENCH_WORKERS: String(workers) })
  const alone = await onPostgres('one process', 1)
  const several = await onPostgres('workers', cores)
  const embedded = await start('embedded', {})
  const signers = Array.from({ length: cores }, () => stack.use(forkBeside('./sign-alone.ts')))
  const generator = () => stack.use(forkBeside('./actor-generator.ts'))
  const tallies = new Map<string, Tally>()
  const contestants = [
    { name: ONE_PROCESS, server: alone, once: true },
    { name: `${ONE_PROCESS}, no jti`, server: alone, once: false },
    { name: `Postern, ${cores} workers`, server: several, once: true },
    { name: 'Postern, embedded', server: embedded, once: true },
  ] as const
  // Tokens take longer to warm up than signatures; this also makes what the first round of each would wait for.
  const asked = contestants.map(({ name, server, once }) => asking(name, server, generator(), once, tallies))
  const warming = asked[1]
  await warming?.measure(options.milliseconds * 3)
  for (const one of asked) await one.measure(options.milliseconds)
  const warmed = new Map([...tallies].map(([name, { answered }]) => [name, answered]))
  tallies.clear()
  const signing: Signing = { signed: 0, processor: 0 }
  const measured = await measureInRounds([opensslSigning(cores), signingByNode(signers, signing), ...asked], options)
  const givenBy = (name: string) => (tallies.get(name)?.answered ?? 0) + (warmed.get(name) ?? 0)
  const medianOf = (name: string) => measured.find((one) => one.name === name)?.median ?? Number.NaN
  let given = 0
  for (const server of [alone, several, embedded]) {
    const own = contestants.filter((one) => one.server === server).reduce((sum, { name }) => sum + givenBy(name), 0)
    await requireAudited(server, own)
    given += own
  }
  return {
    name: 'actor-tokens',
    what: 'actor tokens against assertions, RS256-2048 both',
    unit: 'per second',
    baselines: ['openssl signing', 'node:crypto signing'],
    measured,
    targets: [
      {
        what: `${ONE_PROCESS} / openssl signing`,
        value: medianOf(ONE_PROCESS) / medianOf('openssl signing'),
        atLeast: 0.6,
      },
    ],
    notes: [
      `${CONNECTIONS} kept-alive connections; generator, service and PostgreSQL share the ${cores} cores, which openssl and node:crypto have for themselves.`,
      'Each token is one signature made, one verified, one row of the audit trail written before the answer, and one jti claimed, except where it says "no jti".',
      'One process is what `postern serve` starts unless it is told otherwise, and what is judged. The embedded database lives in the memory of one.',
      `All answers were looked at: ${given.toLocaleString('en-US')} tokens, no two alike, as many rows.`,
      'PostgreSQL runs with fsync off, as the tests start it.',
      `node:crypto: ${((signing.processor * 1000) / signing.signed).toFixed(0)} µs of a core for each signature. Processor time is the steadier figure where others use the cores too.`,
      ...[...tallies].map((one) => describe(one, signing)),
    ],
    machine: describeMachine([], options.now),
  }
}
