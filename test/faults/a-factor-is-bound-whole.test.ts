/** A factor is bound with its row of the trail, its letter and the recovery codes, or not at all (R107, R121, R133). */
import { startPostgres } from '@postern/storage/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  codeFor,
  eventsOf,
  factorsOf,
  keyOn,
  mailsOf,
  send,
  somebody,
  startQuietWorld,
  visitPortal,
} from '../acceptance/portal/portal-visit.ts'
import { textOf } from '../acceptance/support/browser.ts'
import type { World } from '../acceptance/support/world.ts'
import { whileTrailIsRefused } from './lab/refused-trail.ts'

let world: World
let databaseUrl: string

beforeAll(async () => {
  databaseUrl = await (await startPostgres()).createDatabase()
  world = await startQuietWorld({ databaseUrl })
}, 120_000)

afterAll(() => world?.close())

it('in the portal nothing of it is kept while its row is refused, and the same code binds it afterwards', async () => {
  const mary = await somebody(world, { factor: false })
  const visit = await visitPortal(world, mary, '/add')
  const shown = await send(visit, '/portal/add', { method: 'totp' })
  const answer = await codeFor(keyOn(shown))
  const confirm = () => send({ ...visit, page: shown }, '/confirm', { answer })

  expect((await whileTrailIsRefused(databaseUrl, confirm)).status).toBeGreaterThanOrEqual(500)
  expect(await factorsOf(world, mary)).toEqual([])
  expect(await world.sts.kept.recoveryCodes.count(mary.account.id)).toBeUndefined()
  expect(await mailsOf(world, mary)).toEqual([])

  expect(textOf((await confirm()).html)).toContain('Save your recovery codes')
  expect(await factorsOf(world, mary)).toHaveLength(1)
  expect(await eventsOf(world, mary)).toEqual(expect.arrayContaining(['factor.enrolled', 'recovery_codes.replaced']))
})
