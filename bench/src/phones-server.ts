/**
 * The gate for mail apps on the PostgreSQL of `POSTERN_BENCH_DATABASE`, served by one process, and people whose phones came in
 * until their passwords were changed. Says who they are and where to ask.
 */
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { addTotp, type Owner, openHouse, questionOf } from './mail-gate-house.ts'
import { baseUrlAt, freePort, serve } from './served-process.ts'
import type { Walk } from './signin-walk.ts'

/** A phone that still shows the password from before, and what its owner needs to sign in. */
export interface Phone extends Pick<Owner, 'upn' | 'source'> {
  /** TOTP secret, in hex. */
  readonly secret: string
  readonly stale: string
  readonly right: string
}

export interface PhonesTold extends Pick<Walk, 'issuer' | 'mail' | 'password'> {
  readonly pid: number
  readonly url: string
  readonly authorization: string
  readonly phones: readonly Phone[]
}

const PHONES = 1000

const { POSTERN_BENCH_DATABASE: databaseUrl, POSTERN_BENCH_HASHES: hashes } = process.env
if (databaseUrl === undefined || hashes === undefined) throw new TypeError('the bench names a database and a file')
const port = await freePort()
const { sts, asServer, person } = await openHouse(databaseUrl, baseUrlAt(port))
const { kept, store, mary } = sts
// Everybody has Mary's password: kept under the same parameters, it costs each the same check, and seeding costs one hash.
const password = await kept.passwords.find(mary.account.id)
if (password === undefined) throw new TypeError('Mary has a password')

async function addPhone(index: number, at: Date): Promise<Phone> {
  const { account, owner } = person(index)
  await kept.accounts.add(account)
  await kept.passwords.set(account.id, password ?? { hash: '', changedAt: at })
  const secret = await addTotp(sts, account)
  const tile = {
    id: randomUUID(),
    accountId: account.id,
    identity: `device:${owner.deviceId.toLowerCase()}`,
    label: 'iPhone',
    traits: { deviceId: owner.deviceId, deviceType: 'iPhone' },
    protocols: ['activesync'],
    state: 'active',
    firstTriedAt: at,
    lastTriedAt: at,
    tries: 1,
    decidedAt: at,
    decidedBy: 'owner',
    toldBy: 'nobody',
  } as const
  if ((await kept.mailApps.add(tile, { most: 1 })) !== 'added') throw new TypeError('an account has room for one app')
  const { upn, source } = owner
  const stale = questionOf(owner, `the password of person ${index} in spring`)
  return { upn, source, secret, stale, right: questionOf(owner, mary.password) }
}

const phones: Phone[] = []
for (let start = 0; start < PHONES; start += 250) {
  await store.transaction(async () => {
    for (let index = start; index < start + 250; index += 1) phones.push(await addPhone(index, new Date()))
  })
}
const pid = await serve({ databaseUrl, masterKey: sts.masterKey, port, workers: 1, hashes })
const { clientId, redirectUri } = sts.clients.mail
process.send?.({
  pid,
  url: `${baseUrlAt(port)}${asServer.path}`,
  authorization: asServer.authorization,
  phones,
  issuer: sts.issuer,
  password: mary.password,
  mail: { clientId, redirectUri, scope: 'openid offline_access https://mail.contoso.com/Mail.Read' },
} satisfies PhonesTold)
process.on('disconnect', () => process.exit(0))
