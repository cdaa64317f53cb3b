/**
 * laboratory gives an experiment what it needs: databases, processes of the service, people, clients that write down what they
 * saw, and the checker; all of it ends with the experiment.
 *
 * It owns what was started, and the seed. It does not own faults (each experiment makes its own, with the tools beside this
 * file) nor what must hold (checker.ts).
 * @module
 */
import { type PostgresServer, startPostgres } from '@postern/storage/contract'
import { startSts, type TestPerson, type TestSts, type TestStsOptions } from '@postern/sts/testing'
import { type PersonBrowser, signInOnce } from '../../support/person-browser.ts'
import { type StsProcess, startStsProcess } from '../../support/sts-process.ts'
import { type Checked, check } from './checker.ts'
import { createHistory, type RecordedHistory } from './history.ts'
import { createHonestClient, type HonestClient } from './honest-client.ts'
import { whileTrailIsRefused } from './refused-trail.ts'
import { readRows } from './rows.ts'
import { withDatabase } from './sql.ts'

export interface LabPostgres extends PostgresServer {
  readonly dataDirectory: string
  readonly port: number
}

export type LabService = StsProcess

/** One realm in one database, the service in this process, further processes, and everybody who asks them. */
export interface LabWorld {
  /** The service in this process, and what was seeded. Its address is never killed. */
  readonly sts: TestSts
  readonly databaseUrl: string
  /** `/{realm}/oauth2/v2.0/token` */
  readonly tokenPath: string
  readonly history: RecordedHistory
  /** `postern serve` as a process; `databaseUrl` may lead through a proxy. */
  service(options?: {
    databaseUrl?: string
    environment?: Readonly<Record<string, string>>
    port?: number
    /** What starts another checkout's `postern`. */
    program?: string
  }): Promise<LabService>
  /** A client that asks at `address`, by default of the service in this process. */
  client(name: string, address?: string): HonestClient
  /** A new person, with a second factor unless it is said otherwise, whose secrets the checker looks for. */
  person(name: string, options?: { factor: boolean }): Promise<TestPerson>
  /** Somebody new who has signed in once, and may ask for codes. */
  browser(name: string): Promise<PersonBrowser>
  /** A client that holds a refresh token, redeemed at its address, of a person of its own unless one is given. */
  signedIn(name: string, options?: { address?: string; browser?: PersonBrowser }): Promise<HonestClient>
  /** The checker reads this database from now on: a backup was put back there, or a standby took over. */
  moveTo(databaseUrl: string): void
  /** Checks I1 to I20 over database and history; `output` of processes is searched as well. */
  check(): Promise<Checked>
}

export interface WorldOptions {
  /** Default: a new database of the shared server. */
  readonly databaseUrl?: string
  /** What the service calls itself; default is the address of the one in this process. */
  readonly baseUrl?: string
  /** For every further process. */
  readonly environment?: Readonly<Record<string, string>>
  /** Senders of the service in this process. With `mail` set, tell the history which letters came. */
  readonly delivery?: TestStsOptions['delivery']
}

export interface Laboratory extends AsyncDisposable {
  readonly seed: number
  /** From 0 to below 1, by the seed. */
  random(): number
  /** `short`: what `npm test` runs, seconds; `long`: `pnpm faults`. */
  readonly budget: 'short' | 'long'
  /** Nothing is sampled: each point is taken, however long that lasts (`pnpm faults --minutes`). */
  readonly thorough: boolean
  /** A server of its own that may be crashed; `shared` is the one of the test run where there is one. */
  postgres(options?: { shared?: boolean; settings?: Readonly<Record<string, string>> }): Promise<LabPostgres>
  world(options?: WorldOptions): Promise<LabWorld>
  /** Ends `resource` with the laboratory, before everything that was started earlier. */
  defer(end: () => unknown): void
  /** What was not opened by {@link Laboratory.world} and is to be checked with it. */
  watch(check: () => Promise<Checked>): void
  /** Of every world that is open, by the checker. */
  check(): Promise<Checked>
  /** How many requests clients sent so far. */
  requests(): number
}

export function openLaboratory(options: { seed: number; budget: 'short' | 'long'; thorough?: boolean }): Laboratory {
  const ends: (() => unknown)[] = []
  const worlds: LabWorld[] = []
  const watched: (() => Promise<Checked>)[] = []
  const defer = (end: () => unknown) => void ends.push(end)

  async function postgres({ shared = false, settings }: { shared?: boolean; settings?: Readonly<Record<string, string>> } = {}) {
    const server = await startPostgres({ own: !shared, ...(settings === undefined ? {} : { settings }) })
    defer(() => server.stop())
    const dataDirectory = await withDatabase(server.url, async (sql) =>
      String((await sql('show data_directory'))[0]?.data_directory),
    )
    return Object.freeze({ ...server, dataDirectory, port: Number(new URL(server.url).port) })
  }

  async function world(about: WorldOptions = {}) {
    const databaseUrl = about.databaseUrl ?? (await (await postgres({ shared: true })).createDatabase())
    const sts = await startSts({
      databaseUrl,
      ...(about.baseUrl === undefined ? {} : { baseUrl: about.baseUrl }),
      ...(about.delivery === undefined ? {} : { delivery: about.delivery }),
    })
    defer(() => sts.close())
    const history = createHistory()
    const processes: LabService[] = []
    let checkedUrl = databaseUrl
    history.secret('the password of mary', sts.mary.password)
    history.secret('the password of joe', sts.joe.password)
    for (const { clientSecret } of Object.values(sts.clients)) if (clientSecret) history.secret('a client secret', clientSecret)
    const person = async (name: string, { factor } = { factor: true }): Promise<TestPerson> => {
      const made = await sts.addPerson({ name, factor })
      history.secret(`the password of ${name}`, made.password)
      history.secret(`the TOTP secret of ${name}`, made.totpSecret ?? made.password)
      return made
    }
    const client = (name: string, address = sts.baseUrl): HonestClient =>
      createHonestClient({ name, address, realmPath: `/${sts.realm.id}`, clientId: sts.clients.mail.clientId, history })
    const browser = async (name: string): Promise<PersonBrowser> => {
      const signedInOnce = await signInOnce(sts, await person(name))
      history.unrecorded(1)
      return signedInOnce
    }
    const opened: LabWorld = Object.freeze({
      sts,
      databaseUrl,
      tokenPath: `/${sts.realm.id}/oauth2/v2.0/token`,
      history,
      client,
      person,
      browser,
      async service({ environment, ...own }: Parameters<LabWorld['service']>[0] = {}) {
        const started = await startStsProcess({
          databaseUrl,
          masterKey: sts.masterKey,
          baseUrl: sts.baseUrl,
          ...own,
          environment: { POSTERN_FORMS_PER_MINUTE: '1000000', ...about.environment, ...environment },
        })
        processes.push(started)
        defer(() => started.kill())
        return started
      },
      async signedIn(name: string, of: { address?: string; browser?: PersonBrowser } = {}) {
        const made = client(name, of.address)
        const answer = await made.redeem(await (of.browser ?? (await browser(name))).code())
        if (made.token === undefined)
          throw new TypeError(`${name} got no tokens: ${answer.answer?.status} ${answer.answer?.text}`)
        return made
      },
      moveTo(url: string) {
        checkedUrl = url
      },
      async check() {
        // Last of all, in every world: where its row cannot be written there is no token (I7), however fast the answer is made.
        if (checkedUrl === databaseUrl)
          await whileTrailIsRefused(databaseUrl, () => client('last of all').programToken(sts.clients.confidential))
        const rows = await readRows(checkedUrl)
        const logs = processes.map((one) => one.output()).join('\n')
        return check({ ...rows, logs, realmId: sts.realm.id, issuer: sts.issuer }, history)
      },
    })
    worlds.push(opened)
    return opened
  }

  return Object.freeze({
    seed: options.seed,
    random: createRandom(options.seed),
    budget: options.budget,
    thorough: options.thorough ?? false,
    watch: (look: () => Promise<Checked>) => void watched.push(look),
    postgres,
    world,
    defer,
    async check() {
      const checked: Checked[] = []
      for (const one of worlds) checked.push(await one.check())
      for (const look of watched) checked.push(await look())
      return joinChecked(checked)
    },
    requests: () => worlds.reduce((sum, { history }) => sum + history.asked.length, 0),
    async [Symbol.asyncDispose]() {
      let fault: unknown
      for (const end of ends.toReversed())
        try {
          await end()
        } catch (error) {
          fault ??= error
        }
      ends.length = 0
      worlds.length = 0
      watched.length = 0
      if (fault !== undefined) throw fault
    },
  })
}

/** Sums of several checks. */
export function joinChecked(checks: readonly Checked[]): Checked {
  const looked: Record<string, number> = {}
  for (const one of checks) for (const [id, times] of Object.entries(one.looked)) looked[id] = (looked[id] ?? 0) + times
  return Object.freeze({ looked, violations: checks.flatMap((one) => one.violations) })
}

/** mulberry32: 32 bits of state, the same numbers for the same seed on every machine. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
