/**
 * What clean-up does to those who use the service: of a million expired rows as many are removed as the service's own sweep removes
 * while apps refresh their tokens, and how long the slowest of these take beside the same load without it.
 */
import { connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { expire } from './expired-rows.ts'
import { askFor, forkBeside } from './forked.ts'
import { describeMachine } from './machine.ts'
import { measureInRounds, medianOf } from './rounds.ts'
import type { Result } from './table.ts'
import type { TokenPathLoad, TokenPathPeople, TokenPathPreparation, TokenPathResult } from './token-path-generator.ts'
import type { Swept, TokenPathTold } from './token-path-server.ts'

const ROWS = 1_000_000
/** Few enough that somebody waits for the service and not for the others. */
const CONNECTIONS = 4
const TARGET = 1.2
/** As many rows expire as a service makes that gives a thousand tokens a second. */
const TARGET_ROWS = 1000
/** Long rounds, because one in a hundred of what they hold is to say something. */
const STRETCH = 3

export async function benchCleanUp(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const url = await postgres.createDatabase()
  const environment = { POSTERN_BENCH_DATABASE: url, POSTERN_BENCH_WORKERS: '1', POSTERN_BENCH_PEOPLE: String(CONNECTIONS) }
  const server = stack.use(forkBeside('./token-path-server.ts', environment))
  const told = (await server.ask()) as unknown as TokenPathTold // what token-path-server.ts says first
  const connection = connect({ kind: 'postgres', url, poolSize: 1 })
  stack.defer(() => connection.close())
  const fillAgain = () => expire(connection, { realmId: told.realmId, clientId: told.mail.clientId, rows: ROWS })
  let left = await fillAgain()
  let filled = left
  const generator = stack.use(forkBeside('./token-path-generator.ts'))
  await askFor(
    generator,
    { people: told, scope: 'offline_access https://mail.contoso.com/Mail.Read' } satisfies TokenPathPeople,
    'ready',
  )
  const preparation = { prepare: 'rotate', connections: CONNECTIONS, most: 0 } satisfies TokenPathPreparation
  await askFor(generator, preparation, 'ready')

  const rotate = (milliseconds: number) =>
    askFor<TokenPathResult>(
      generator,
      { what: 'rotate', connections: CONNECTIONS, milliseconds } satisfies TokenPathLoad,
      'result',
    )
  const [quiet, cleaning]: [number[], number[]] = [[], []]
  const sweeps: Swept[] = []
  const sweepFor = (milliseconds: number, isPaced: boolean) => askFor<Swept>(server, { sweep: milliseconds, isPaced }, 'swept')
  const measured = await measureInRounds(
    [
      {
        name: 'refreshes, nothing is cleaned',
        measure: async (milliseconds) => {
          const { p99, answered, milliseconds: took } = await rotate(milliseconds)
          quiet.push(p99)
          return (answered / took) * 1000
        },
      },
      {
        name: 'refreshes, while rows are removed',
        measure: async (milliseconds) => {
          if (left < filled * 0.5) filled = left += await fillAgain()
          const [{ p99, answered, milliseconds: took }, swept] = await Promise.all([
            rotate(milliseconds),
            sweepFor(milliseconds, true),
          ])
          if (swept.isEmpty) throw new TypeError('there was nothing left to remove')
          left -= swept.removed
          cleaning.push(p99)
          sweeps.push(swept)
          return (answered / took) * 1000
        },
      },
    ],
    { ...options, milliseconds: options.milliseconds * STRETCH },
  )
  const rest = await sweepFor(Number.MAX_SAFE_INTEGER, false)
  // The first of each is the warming round.
  const [quietP99, cleaningP99] = [medianOf(quiet.slice(1)), medianOf(cleaning.slice(1))]
  const perSecond = ({ removed, milliseconds }: Swept) => (removed / milliseconds) * 1000
  const underLoad = medianOf(sweeps.slice(1).map(perSecond))
  const aMillion = sweeps.reduce((sum, { removed }) => sum + removed, 0) + rest.removed
  return {
    name: 'clean-up',
    what: `${ROWS.toLocaleString('en-US')} expired rows removed while tokens are refreshed, PostgreSQL`,
    unit: 'refreshes/s',
    baselines: ['refreshes, nothing is cleaned'],
    measured,
    targets: [
      { what: 'refresh p99 with clean-up / without', value: cleaningP99 / quietP99, atMost: TARGET },
      { what: 'expired rows removed meanwhile', value: underLoad, unit: 'rows/s', atLeast: TARGET_ROWS },
    ],
    notes: [
      `p99 of refreshes on ${CONNECTIONS} connections: ${quietP99.toFixed(1)} ms without, ${cleaningP99.toFixed(1)} ms with it, medians of the rounds.`,
      `Rows are removed by the service's own sweep, with the pauses that it makes, in a process beside the one that serves: ${underLoad.toFixed(0)} rows per second under load. The rest goes one batch after the other without a pause and with nobody about: ${perSecond(rest).toFixed(0)} per second; ${aMillion.toLocaleString('en-US')} in all, then none were left. Each process of a service sweeps once a minute, for as long as it finds something.`,
      'Codes, sessions and grants, refresh tokens and their families, used identifiers of assertions. PostgreSQL runs with fsync off, as the tests start it.',
    ],
    figures: { quietP99, cleaningP99, rowsPerSecondUnderLoad: underLoad, rowsPerSecondAlone: perSecond(rest), removed: aMillion },
    machine: describeMachine([], options.now),
  }
}
