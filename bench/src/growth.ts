/**
 * Whether the service gets slower as a realm grows: the same work over a small database and a large one, alternating, on one
 * PostgreSQL. By rate and by processor time of service and PostgreSQL together.
 *
 * `POSTERN_BENCH_GROWTH=accounts,tokens` makes the large one another size, to try the benchmark out.
 */
import process from 'node:process'
import { connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { processorTime } from './cpu-time.ts'
import { askFor, type Forked, forkBeside } from './forked.ts'
import { fill, TOKENS_OF_FAMILY } from './growth-rows.ts'
import type { Load, LoadResult } from './load-generator.ts'
import { describeMachine } from './machine.ts'
import type { GateLoad, GateLoadResult } from './mail-gate-generator.ts'
import { type Contestant, measureInRounds, medianOf } from './rounds.ts'
import type { LookUpLoad, LookUpResult } from './sign-in-look-up.ts'
import type { Result } from './table.ts'
import type { TokenPathLoad, TokenPathPeople, TokenPathPreparation, TokenPathResult } from './token-path-generator.ts'
import type { TokenPathTold } from './token-path-server.ts'

const SMALL = { accounts: 10_000, tokens: 10_000 }
const LARGE = { accounts: 1_000_000, tokens: 10_000_000 }
const CONNECTIONS = 16
const SESSIONS = 8
/** Of all, evenly: as many as the small one has, so that both sizes are asked for the same number of them. */
const LOOKED_UP = SMALL.accounts
const APPS = 200
/** Few enough that nobody is told to come back for a hash. */
const FIRST_CONNECTIONS = 4
const WARM_MILLISECONDS = 200_000
const CODES_PER_SECOND = 1000
const TARGET = 1.2
const SETTINGS = {
  // To load fast; nothing of it changes what a look-up or a write costs afterwards.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  // What an operator of a large realm sets.
  shared_buffers: '1GB',
}

interface Size {
  readonly accounts: number
  readonly tokens: number
}

interface Done {
  readonly answered: number
  readonly milliseconds: number
}

/** One thing to do over one database, and what each of its rounds cost. */
interface Work {
  readonly what: string
  readonly size: 'small' | 'large'
  readonly contestant: Contestant
  /** Microseconds of processors in service and PostgreSQL for one, each round. The first round is for warming. */
  readonly costs: number[]
  /** The same for what new sessions asked before all that. */
  readonly cold?: () => number
}

interface House {
  readonly size: Work['size']
  readonly amounts: Size
  readonly url: string
  readonly told: TokenPathTold
  readonly seconds: number
  readonly fork: (file: string) => Forked
}

function work(
  what: string,
  house: House,
  parts: { prepare?: (ms: number) => Promise<void>; coldRun?: () => Promise<Done>; run: (ms: number) => Promise<Done> },
): Work {
  const costs: number[] = []
  let cold = Number.NaN
  const time = () => (processorTime(house.told.pid) ?? Number.NaN) + (processorTime(process.pid, 'postgres') ?? Number.NaN)
  const measure = async (milliseconds: number) => {
    await parts.prepare?.(milliseconds)
    const costing = async (done: () => Promise<Done>) => {
      const before = time()
      const { answered, milliseconds: took } = await done()
      return { cost: ((time() - before) * 1000) / answered, rate: (answered / took) * 1000 }
    }
    if (parts.coldRun !== undefined && Number.isNaN(cold)) cold = (await costing(parts.coldRun)).cost
    const { cost, rate } = await costing(() => parts.run(milliseconds))
    costs.push(cost)
    return rate
  }
  const contestant = { name: `${what}, ${house.size}`, measure }
  return { what, size: house.size, contestant, costs, ...(parts.coldRun !== undefined && { cold: () => cold }) }
}

function worksOf(house: House): readonly Work[] {
  const { told, amounts } = house
  const tokens = house.fork('./token-path-generator.ts')
  const credentials = house.fork('./load-generator.ts')
  const lookUp = house.fork('./sign-in-look-up.ts')
  const gate = house.fork('./mail-gate-generator.ts')
  const { confidential, apps } = told
  let signedIn: Promise<unknown> | undefined
  let warmedAt = Number.NEGATIVE_INFINITY
  const prepare = (what: TokenPathLoad['what']) => async (milliseconds: number) => {
    signedIn ??= askFor(tokens, { people: told, scope: told.mail.scope } satisfies TokenPathPeople, 'ready')
    await signedIn
    const most = Math.ceil((milliseconds / 1000) * CODES_PER_SECOND)
    await askFor(tokens, { prepare: what, connections: CONNECTIONS, most } satisfies TokenPathPreparation, 'ready')
  }
  const asking = (what: TokenPathLoad['what']) => (milliseconds: number) =>
    askFor<TokenPathResult>(tokens, { what, connections: CONNECTIONS, milliseconds } satisfies TokenPathLoad, 'result')
  const lookUpUntil = (until: LookUpLoad['until']) => {
    const load = {
      databaseUrl: house.url,
      realmId: told.realmId,
      accounts: amounts.accounts,
      people: LOOKED_UP,
      sessions: SESSIONS,
    }
    return askFor<LookUpResult>(lookUp, { ...load, until } satisfies LookUpLoad, 'result')
  }
  return [
    work('client credentials', house, {
      run: async (milliseconds) => {
        const load: Load = {
          url: `${told.issuer}/oauth2/v2.0/token`,
          headers: {
            'Content-Type': 'application/x-www-form-urlencoded',
            Authorization: `Basic ${Buffer.from(confidential.credentials).toString('base64')}`,
          },
          body: new URLSearchParams(confidential.form).toString(),
          connections: CONNECTIONS,
          milliseconds,
        }
        const result = await askFor<LoadResult>(credentials, load, 'result')
        if (result.refused > 0) throw new TypeError(`${result.refused} tokens were refused: ${result.refusal}`)
        return result
      },
    }),
    work('refresh', house, { prepare: prepare('rotate'), run: asking('rotate') }),
    work('code exchange', house, { prepare: prepare('redeem codes'), run: asking('redeem codes') }),
    work('sign-in look-up', house, {
      coldRun: () => lookUpUntil('each once'),
      run: (milliseconds) => lookUpUntil({ milliseconds }),
    }),
    work('gate decision', house, {
      // A right app password is remembered for 300 s: what its hash costs is the same however large the realm is.
      prepare: async () => {
        if (performance.now() < warmedAt + WARM_MILLISECONDS) return
        warmedAt = performance.now()
        const once = { ...apps, connections: FIRST_CONNECTIONS, until: 'each app', isFixed: false } satisfies GateLoad
        await askFor<GateLoadResult>(gate, once, 'result')
      },
      run: (milliseconds) => {
        const load = { ...apps, connections: CONNECTIONS, until: { milliseconds }, isFixed: false }
        return askFor<GateLoadResult>(gate, load satisfies GateLoad, 'result')
      },
    }),
  ]
}

function readLarge(): Size {
  const [accounts = LARGE.accounts, tokens = LARGE.tokens] = (process.env.POSTERN_BENCH_GROWTH ?? '')
    .split(',')
    .filter(Boolean)
    .map(Number)
  if (!Number.isInteger(accounts) || !Number.isInteger(tokens)) throw new TypeError('POSTERN_BENCH_GROWTH is accounts,tokens')
  return { accounts, tokens }
}

const told = (size: Size): string =>
  `${size.accounts.toLocaleString('en-US')} accounts and ${size.tokens.toLocaleString('en-US')} tokens`

export async function benchGrowth(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres({ settings: SETTINGS })
  stack.defer(() => postgres.stop())
  const open = async (size: Work['size'], amounts: Size): Promise<House> => {
    const url = await postgres.createDatabase()
    const server = stack.use(
      forkBeside('./token-path-server.ts', {
        POSTERN_BENCH_DATABASE: url,
        POSTERN_BENCH_WORKERS: '1',
        POSTERN_BENCH_PEOPLE: String(CONNECTIONS),
        POSTERN_BENCH_APPS: String(APPS),
      }),
    )
    const said = (await server.ask()) as unknown as TokenPathTold // what token-path-server.ts says first
    const connection = connect({ kind: 'postgres', url, poolSize: 1 })
    const seconds = await fill(connection, { ...amounts, realmId: said.realmId, clientId: said.mail.clientId })
    await connection.close()
    process.stderr.write(`growth: filled ${told(amounts)} in ${seconds.toFixed(0)} s\n`)
    return { size, amounts, url, told: said, seconds, fork: (file) => stack.use(forkBeside(file)) }
  }
  const large = await open('large', readLarge())
  const small = await open('small', SMALL)
  const [ofSmall, ofLarge] = [worksOf(small), worksOf(large)]
  const works = ofSmall.flatMap((one, at) => [one, ofLarge[at]].filter((found) => found !== undefined))
  const measured = await measureInRounds(
    works.map(({ contestant }) => contestant),
    options,
  )
  const rateOf = ({ contestant }: Work) => measured.find(({ name }) => name === contestant.name)?.median ?? Number.NaN
  const costOf = ({ costs }: Work) => medianOf(costs.slice(1))
  const pairs = ofSmall.flatMap((one, at) => {
    const other = ofLarge[at]
    return other === undefined
      ? []
      : [{ what: one.what, byRate: rateOf(one) / rateOf(other), byTime: costOf(other) / costOf(one) }]
  })
  const colds = ofSmall.flatMap((one, at) => {
    const other = ofLarge[at]
    return one.cold && other?.cold ? [{ what: one.what, small: one.cold(), large: other.cold() }] : []
  })
  const coldNotes = colds.map(
    ({ what, small: few, large: many }) =>
      `${what}, that first time (new sessions, pages touched first): ${few.toFixed(0)} and ${many.toFixed(0)} µs, ${(many / few).toFixed(2)} times.`,
  )
  return {
    name: 'growth',
    what: `${told(small.amounts)}, and ${told(large.amounts)}`,
    unit: 'per second',
    baselines: [],
    measured,
    targets: pairs.map(({ what, byTime }) => ({ what: `${what}: processor time, large / small`, value: byTime, atMost: TARGET })),
    notes: [
      `By rate, small / large: ${pairs.map(({ what, byRate }) => `${what} ${byRate.toFixed(2)}`).join(', ')}.`,
      `Processor time in service and PostgreSQL for one, small and then large: ${ofSmall.map((one, at) => `${one.what} ${costOf(one).toFixed(0)} and ${costOf(ofLarge[at] ?? one).toFixed(0)} µs`).join(', ')}.`,
      `Tokens are rows of refresh_token that have not expired, ${TOKENS_OF_FAMILY} to a family, of which one was not used; filled by SQL in ${small.seconds.toFixed(0)} s and ${large.seconds.toFixed(0)} s. Used ones are without the sealed answer that a running service leaves in them.`,
      'Refreshes and redemptions go through new families whose rows land anywhere in the indexes; look-ups take people at random; the gate is asked about the same apps over and over, whose passwords it remembers, over an account table of that size.',
      'Each database has its own service with one process; both are on one PostgreSQL with 1 GB of shared buffers, fsync off and autovacuum off. Generators share the cores.',
      `sign-in look-up: an account by its name and its password by the ports of storage, without the hash; its processor time is that of PostgreSQL. ${LOOKED_UP.toLocaleString('en-US')} people, spread evenly over all, by ${SESSIONS} sessions, each of which has asked for every one of them once before it is measured: what a session pays for touching a page of shared memory for the first time is no growth of the look-up.`,
      ...coldNotes,
    ],
    figures: Object.fromEntries([
      ...pairs.flatMap(({ what, byRate, byTime }) => [
        [`${what}: by rate`, byRate],
        [`${what}: by processor time`, byTime],
      ]),
      ...colds.map(({ what, small: few, large: many }) => [`${what}: first time, by processor time`, many / few] as const),
      ['secondsToFillLarge', large.seconds],
    ]),
    machine: describeMachine(['pg'], options.now),
  }
}
