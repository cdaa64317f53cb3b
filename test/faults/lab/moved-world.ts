/**
 * moved-world is a realm, a service and clients, whose clock the experiment moves, so that a day passes at once. Clients,
 * history and checker are those of the laboratory.
 *
 * The service in this process takes the moved clock for all that is ours; oidc-provider has no clock but the machine's, so
 * tokens keep the machine's time. With `ownProcess` the service of the issuer is a process under libfaketime, moved as a whole.
 * @module
 */
import { startSts, type TestSts, type TestStsOptions } from '@postern/sts/testing'
import { type PersonBrowser, signInOnce } from '../../support/person-browser.ts'
import { freePort, startStsProcess } from '../../support/sts-process.ts'
import { type Checked, check } from './checker.ts'
import { createSkewedClock } from './clock-skew.ts'
import { createHistory, type RecordedHistory } from './history.ts'
import { createHonestClient, type HonestClient } from './honest-client.ts'
import type { Laboratory } from './laboratory.ts'
import { whileTrailIsRefused } from './refused-trail.ts'
import { readRows } from './rows.ts'

export interface MovedWorld {
  readonly sts: TestSts
  readonly databaseUrl: string
  readonly history: RecordedHistory
  /** What time it is here. */
  readonly clock: () => Date
  /** From now on it is so much later. */
  pass(seconds: number): void
  client(name: string, address?: string): HonestClient
  /** Somebody who has signed in, and codes of whom clients redeem. */
  browser(): Promise<PersonBrowser>
  signedIn(name: string, browser: PersonBrowser): Promise<HonestClient>
  check(): Promise<Checked>
}

export async function openMovedWorld(
  lab: Laboratory,
  { ownProcess = false, ...options }: Omit<TestStsOptions, 'clock' | 'databaseUrl' | 'baseUrl'> & { ownProcess?: boolean } = {},
): Promise<MovedWorld> {
  let moved = 0
  const clock = () => new Date(Date.now() + moved)
  const databaseUrl = await (await lab.postgres({ shared: true })).createDatabase()
  const port = ownProcess ? await freePort() : undefined
  const sts = await startSts({ ...options, databaseUrl, clock, ...(port ? { baseUrl: `http://localhost:${port}` } : {}) })
  lab.defer(() => sts.close())
  const skewed = port === undefined ? undefined : createSkewedClock(0)
  if (port !== undefined && skewed !== undefined) {
    const { masterKey, baseUrl } = sts
    const started = await startStsProcess({ databaseUrl, masterKey, baseUrl, port, environment: skewed.environment })
    lab.defer(async () => {
      await started.kill()
      skewed[Symbol.dispose]()
    })
  }
  const history = createHistory(clock)
  const client = (name: string, address = sts.baseUrl) =>
    createHonestClient({ name, address, realmPath: `/${sts.realm.id}`, clientId: sts.clients.mail.clientId, history })
  const opened: MovedWorld = Object.freeze({
    sts,
    databaseUrl,
    history,
    clock,
    pass(seconds: number) {
      moved += seconds * 1000
      skewed?.set(moved / 1000)
    },
    client,
    async browser() {
      const signedIn = await signInOnce(sts, sts.mary, { clock })
      history.unrecorded(1)
      return signedIn
    },
    async signedIn(name: string, browser: PersonBrowser) {
      const made = client(name)
      const answer = await made.redeem(await browser.code())
      if (made.token === undefined) throw new TypeError(`${name} got no tokens: ${answer.answer?.status}`)
      return made
    },
    async check() {
      // As in every world, see laboratory.ts.
      await whileTrailIsRefused(databaseUrl, () => client('last of all').programToken(sts.clients.confidential))
      const rows = await readRows(databaseUrl)
      const checked = check({ ...rows, now: clock(), logs: '', realmId: sts.realm.id, issuer: sts.issuer }, history)
      if (skewed !== undefined) return checked
      // Times of tokens are those of the machine here, so what holds them against the moved clock cannot be asked.
      const { I12: _made, I17: _over, ...looked } = checked.looked
      return { looked, violations: checked.violations.filter(({ invariant }) => invariant !== 'I12' && invariant !== 'I17') }
    },
  })
  lab.watch(() => opened.check())
  return opened
}
