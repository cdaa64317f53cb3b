/**
 * Postern as a test starts it, on the PostgreSQL of `POSTERN_BENCH_DATABASE`, with thousands of people who have a password and
 * a TOTP. Says first where it is and who they are; asked anything, how much processor time it has taken.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import process from 'node:process'
import type { AccountId, AuthenticatorId } from '@postern/storage'
import { startSts } from '@postern/sts/testing'

const PEOPLE = 6000

const databaseUrl = process.env.POSTERN_BENCH_DATABASE
if (databaseUrl === undefined) throw new TypeError('POSTERN_BENCH_DATABASE names no database')
const sts = await startSts({ databaseUrl })
const { kept, store, mary } = sts
// Everybody has Mary's password: kept under the same parameters, it costs each the same check, and seeding costs one hash.
const password = await kept.passwords.find(mary.account.id)
if (password === undefined) throw new TypeError('Mary has a password')
const people: { upn: string; secret: string }[] = []
const now = new Date()
for (let start = 0; start < PEOPLE; start += 500) {
  await store.transaction(async () => {
    for (let index = start; index < start + 500; index += 1) {
      const id = randomUUID() as string as AccountId // a brand has no runtime part
      const upn = `person-${index}@contoso.com`
      const secret = new Uint8Array(randomBytes(20))
      await kept.accounts.add({
        id,
        upn,
        address: upn,
        furtherAddresses: [],
        displayName: `Person ${index}`,
        groups: ['staff'],
        status: 'active',
        createdAt: now,
        updatedAt: now,
      })
      await kept.passwords.set(id, password)
      await kept.authenticators.add({
        id: randomUUID() as string as AuthenticatorId, // a brand has no runtime part
        accountId: id,
        method: 'totp',
        label: 'Bench',
        secret,
        state: 'active',
        detail: {},
        createdAt: now,
        confirmedAt: now,
      })
      people.push({ upn, secret: Buffer.from(secret).toString('hex') })
    }
  })
}
const { mail, confidential } = sts.clients
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMilliseconds: (user + system) / 1000 })
})
process.send?.({
  issuer: sts.issuer,
  password: mary.password,
  people,
  mail: {
    clientId: mail.clientId,
    redirectUri: mail.redirectUri,
    scope: 'openid offline_access https://mail.contoso.com/Mail.Read',
  },
  token: {
    url: `${sts.issuer}/oauth2/v2.0/token`,
    form: { grant_type: 'client_credentials', scope: 'https://mail.contoso.com/Mail.Read' },
    credentials: `${confidential.clientId}:${confidential.clientSecret}`,
  },
})
process.on('disconnect', () => process.exit(0))
