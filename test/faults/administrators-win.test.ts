/**
 * An administrator who stops an account wins against whoever keeps using it, on real PostgreSQL with two processes of the
 * service (R33, R43).
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createAdminPorts } from '../../packages/sts/src/admin/admin-ports.ts'
import type { AdminPorts } from '../../packages/sts/src/admin/operation.ts'
import { operations } from '../../packages/sts/src/admin/operations.ts'
import { type PersonBrowser, redeem, signInOnce } from '../support/person-browser.ts'
import { type StsProcess, startStsProcess } from '../support/sts-process.ts'

const LOOPS = 4
/** Each redeems this many codes at least before the administrator comes. */
const BEFORE = 3

let sts: TestSts
let other: StsProcess
let ports: AdminPorts

beforeAll(async () => {
  const server = await startPostgres()
  const databaseUrl = await server.createDatabase()
  sts = await startSts({ databaseUrl })
  other = await startStsProcess({ databaseUrl, masterKey: sts.masterKey, baseUrl: sts.baseUrl })
  const { store, service } = sts
  const { accounts, factors, audit } = service
  ports = createAdminPorts({ store, clock: () => new Date(), newId: randomUUID, random: randomBytes, accounts, factors, audit })
}, 120_000)

afterAll(async () => {
  await other?.kill()
  await sts?.close()
})

const perform = (name: string, person: TestPerson): Promise<unknown> => {
  const operation = operations.find((one) => one.name === name)
  if (!operation) throw new TypeError(`There is no operation ${name}`)
  return operation.execute(ports, { input: { account: person.upn }, realm: sts.realm, actor: 'test', reference: randomUUID() })
}

/** Redeems codes in several loops, at both processes, until it is told to stop or the session is gone. */
function keepRedeeming(browser: PersonBrowser) {
  const path = `/${sts.realm.id}/oauth2/v2.0/token`
  const endpoints = [`${sts.baseUrl}${path}`, `${other.address}${path}`] as const
  const begun = Promise.withResolvers<void>()
  let redeemed = 0
  let stopped = false
  const loop = async (at: number) => {
    while (!stopped) {
      const code = await browser.code().catch((error: unknown) => {
        if (error instanceof TypeError) return undefined // the session is gone
        throw error
      })
      if (code === undefined) return
      await redeem(endpoints[at % 2 === 0 ? 0 : 1], code)
      redeemed += 1
      if (redeemed === LOOPS * BEFORE) begun.resolve()
    }
  }
  const ended = Promise.all(Array.from({ length: LOOPS }, (_, at) => loop(at)))
  return {
    begun: Promise.race([begun.promise, ended]),
    async stop() {
      stopped = true
      await ended
    },
  }
}

it.each(['account.disable', 'account.set-password', 'account.end-sessions', 'account.reset-factors'])(
  '%s succeeds while codes of the account are redeemed in parallel',
  async (name) => {
    for (let round = 0; round < 2; round += 1) {
      const person = await sts.addPerson({ name: `${name.slice(8)}${round}`, factor: true })
      const thief = keepRedeeming(await signInOnce(sts, person))
      await thief.begun
      await expect(perform(name, person).finally(thief.stop), `round ${round}`).resolves.toBeDefined()
    }
  },
)
