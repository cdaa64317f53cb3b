/**
 * The gate for mail apps on the PostgreSQL of `POSTERN_BENCH_DATABASE`, served twice over one database, by one worker and by
 * two, and people each of whom has made an app password. Says who they are and where to ask.
 */
import process from 'node:process'
import { openHouse, questionOf } from './mail-gate-house.ts'
import { baseUrlAt, freePort, serve } from './served-process.ts'

export interface Gate {
  readonly workers: number
  readonly pid: number
  readonly url: string
}

export interface GateTold {
  readonly gates: readonly Gate[]
  readonly authorization: string
  /** What each app asks, over and over, and for whom. */
  readonly questions: readonly { readonly upn: string; readonly body: string }[]
  readonly realmId: string
}

const PEOPLE = 1000
const WORKERS = [1, 2]

const { POSTERN_BENCH_DATABASE: databaseUrl, POSTERN_BENCH_HASHES: hashes } = process.env
if (databaseUrl === undefined || hashes === undefined) throw new TypeError('the bench names a database and a file')
const ports = [await freePort(), await freePort()]
const { sts, asServer, person } = await openHouse(databaseUrl, baseUrlAt(ports[0] ?? 0))
const { kept, service } = sts

async function addOwner(index: number): Promise<{ upn: string; body: string }> {
  const { owner, account } = person(index)
  await kept.accounts.add(account)
  const made = await service.appPasswords.create(kept, {
    accountId: account.id,
    label: 'Bench',
    protocols: ['activesync', 'imap', 'smtp'],
    networks: [],
    bindsToFirstApp: true,
    createdBy: 'owner',
  })
  if (made.outcome !== 'created') throw new TypeError('an account has room for one app password')
  return { upn: owner.upn, body: questionOf(owner, made.secret) }
}

const questions: GateTold['questions'][number][] = []
// As many at once as are hashed at once.
for (let index = 0; index < PEOPLE; index += 2) questions.push(...(await Promise.all([addOwner(index), addOwner(index + 1)])))
const gates: Gate[] = []
for (const [at, workers] of WORKERS.entries()) {
  const port = ports[at] ?? 0
  const pid = await serve({ databaseUrl, masterKey: sts.masterKey, port, workers, hashes })
  gates.push({ workers, pid, url: `${baseUrlAt(port)}${asServer.path}` })
}
process.send?.({ gates, authorization: asServer.authorization, questions, realmId: sts.realm.id } satisfies GateTold)
process.on('disconnect', () => process.exit(0))
