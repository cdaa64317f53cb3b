/**
 * Postern as an operator starts it, on the PostgreSQL of `POSTERN_BENCH_DATABASE` with `POSTERN_BENCH_WORKERS` processes, and a few
 * people with a password and a TOTP whose apps will redeem codes and refresh tokens. Says where it is and who they are.
 */
import process from 'node:process'
import { addTotp, openHouse } from './mail-gate-house.ts'
import { baseUrlAt, freePort, serve } from './served-process.ts'
import type { People } from './signin-generator.ts'

export interface TokenPathTold extends People {
  /** Of `postern serve`, whose workers run below it. */
  readonly pid: number
  readonly realmId: string
  /** A confidential client that may ask by client credentials. */
  readonly confidential: { readonly form: Readonly<Record<string, string>>; readonly credentials: string }
}

const { POSTERN_BENCH_DATABASE: databaseUrl, POSTERN_BENCH_WORKERS: workers, POSTERN_BENCH_PEOPLE: wanted } = process.env
if (databaseUrl === undefined) throw new TypeError('POSTERN_BENCH_DATABASE names no database')
const port = await freePort()
const { sts, person } = await openHouse(databaseUrl, baseUrlAt(port))
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
const { clientId, clientSecret } = clients.confidential
process.send?.({
  pid: await serve({ databaseUrl, masterKey: sts.masterKey, port, workers: Number(workers ?? 1) }),
  realmId: sts.realm.id,
  issuer: sts.issuer,
  password: mary.password,
  people,
  mail: {
    clientId: clients.mail.clientId,
    redirectUri: clients.mail.redirectUri,
    scope: 'openid offline_access https://mail.contoso.com/Mail.Read',
  },
  confidential: {
    form: { grant_type: 'client_credentials', scope: 'https://mail.contoso.com/Mail.Read' },
    credentials: `${clientId}:${clientSecret}`,
  },
} satisfies TokenPathTold)
process.on('disconnect', () => process.exit(0))
