/**
 * Postern as an operator starts it, on the PostgreSQL of `POSTERN_BENCH_DATABASE` with `POSTERN_BENCH_WORKERS` processes, and a few
 * people with a password and a TOTP whose apps will redeem codes and refresh tokens. Says where it is and who they are.
 */
import process from 'node:process'
import { sweep } from '@postern/sts/testing'
import { addTotp, openHouse, questionOf } from './mail-gate-house.ts'
import type { GateTold } from './mail-gate-server.ts'
import { baseUrlAt, freePort, serve } from './served-process.ts'
import type { People } from './signin-generator.ts'

export interface TokenPathTold extends People {
  /** Of `postern serve`, whose workers run below it. */
  readonly pid: number
  readonly realmId: string
  readonly baseUrl: string
  /** Base64. */
  readonly masterKey: string
  /** Apps with an app password, and where to ask the gate about them. As many as `POSTERN_BENCH_APPS` says, or none. */
  readonly apps: Pick<GateTold, 'authorization' | 'questions'> & { readonly url: string }
  /** A confidential client that may ask by client credentials. */
  readonly confidential: { readonly form: Readonly<Record<string, string>>; readonly credentials: string }
}

/** What came of removing expired rows for a while. */
export interface Swept {
  readonly removed: number
  readonly milliseconds: number
  /** Nothing was left to remove. */
  readonly isEmpty: boolean
}

const {
  POSTERN_BENCH_DATABASE: databaseUrl,
  POSTERN_BENCH_WORKERS: workers,
  POSTERN_BENCH_PEOPLE: wanted,
  POSTERN_BENCH_APPS: apps,
} = process.env
if (databaseUrl === undefined) throw new TypeError('POSTERN_BENCH_DATABASE names no database')
const port = await freePort()
const { sts, person, asServer } = await openHouse(databaseUrl, baseUrlAt(port))
const { kept, mary, clients } = sts
// Everybody has Mary's password: kept under the same parameters, it costs each the same check, and seeding costs one hash.
const password = await kept.passwords.find(mary.account.id)
if (password === undefined) throw new TypeError('Mary has a password')
const people: People['people'][number][] = []
for (let index = 0; index < Number(wanted ?? 64); index += 1) {
  const { account } = person(index)
  await kept.accounts.add(account)
  await kept.passwords.set(account.id, password)
  people.push({ upn: account.upn, secret: await addTotp(sts, account) })
}
const questions: GateTold['questions'][number][] = []
for (let index = 0; index < Number(apps ?? 0); index += 1) {
  const { owner, account } = person(people.length + index)
  await kept.accounts.add(account)
  const made = await sts.service.appPasswords.create(kept, {
    accountId: account.id,
    label: 'Bench',
    protocols: ['activesync', 'imap', 'smtp'],
    networks: [],
    bindsToFirstApp: true,
    createdBy: 'owner',
  })
  if (made.outcome !== 'created') throw new TypeError('an account has room for one app password')
  questions.push({ upn: owner.upn, body: questionOf(owner, made.secret) })
}
const { clientId, clientSecret } = clients.confidential
process.send?.({
  pid: await serve({ databaseUrl, masterKey: sts.masterKey, port, workers: Number(workers ?? 1) }),
  realmId: sts.realm.id,
  baseUrl: sts.baseUrl,
  masterKey: Buffer.from(sts.masterKey).toString('base64'),
  issuer: sts.issuer,
  password: mary.password,
  people,
  mail: {
    clientId: clients.mail.clientId,
    redirectUri: clients.mail.redirectUri,
    scope: 'openid offline_access https://mail.contoso.com/Mail.Read',
  },
  apps: { authorization: asServer.authorization, url: `${sts.baseUrl}${asServer.path}`, questions },
  confidential: {
    form: { grant_type: 'client_credentials', scope: 'https://mail.contoso.com/Mail.Read' },
    credentials: `${clientId}:${clientSecret}`,
  },
} satisfies TokenPathTold)

const removeBatch = () => sts.service.removeExpired()

/** As fast as the database can, one batch after the other. */
async function removeAll(most: number): Promise<Swept> {
  const start = performance.now()
  let removed = 0
  let last = 1
  while (last > 0 && performance.now() - start < most) removed += last = await removeBatch()
  return { removed, milliseconds: performance.now() - start, isEmpty: last === 0 }
}

/** As the service itself does, with its pauses. */
async function removePaced(most: number): Promise<Swept> {
  const start = performance.now()
  const over = AbortSignal.timeout(most)
  let removed = 0
  const removeExpired = async () => {
    const batch = await removeBatch()
    removed += batch
    return batch
  }
  const log = { debug: () => undefined, warn: () => undefined }
  await sweep({ removeExpired, store: sts.store, log, clock: () => new Date() }, over)
  return { removed, milliseconds: performance.now() - start, isEmpty: !over.aborted }
}

process.on('message', ({ sweep: most, isPaced }: { readonly sweep: number; readonly isPaced: boolean }) => {
  const removing = isPaced ? removePaced(most) : removeAll(most)
  removing.then(
    (swept) => process.send?.({ swept }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
