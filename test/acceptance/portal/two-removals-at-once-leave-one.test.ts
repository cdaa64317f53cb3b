/**
 * Somebody of whom a second factor is demanded removes both that there are, in two windows at the same moment: each decision
 * must see the other's, or a stolen session would take the account down to its password.
 */
import { connect } from '@postern/storage'
import { type PostgresServer, startPostgres } from '@postern/storage/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from '../support/browser.ts'
import type { World } from '../support/world.ts'
import { addApp, eventsOf, factorsOf, pathOf, send, somebody, startQuietWorld } from './portal-visit.ts'

let server: PostgresServer
let url: string
let world: World
beforeAll(async () => {
  server = await startPostgres()
  url = await server.createDatabase()
  world = await startQuietWorld({ databaseUrl: url })
})
afterAll(async () => {
  await world.close()
  await server.stop()
})

const fail = (): never => {
  throw new TypeError('nothing was bound')
}

/** How many statements wait for a lock. */
async function waiting(): Promise<number> {
  const connection = connect({ kind: 'postgres', url, poolSize: 1 })
  try {
    const query = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return (await connection.session((session) => session.query(query))).length
  } finally {
    await connection.close()
  }
}

it('of two removals at once one is refused, and one factor stays', async () => {
  const mary = await somebody(world)
  const { browser } = await addApp(world, mary)
  await world.sts.kept.enforcement.set([mary.account.id], { state: 'enforced', at: new Date() })
  const ids = (await factorsOf(world, mary)).map(({ id }) => id)
  const pages: Page[] = []
  for (const id of ids) pages.push(await browser.open(`${world.issuer}/portal/methods/${id}/remove`))

  // Neither can take anything away before both have come as far as they can: all factors are held by somebody else.
  const { removals } = await world.sts.store.transaction(async () => {
    await world.sts.kept.authenticators.makeDefault(mary.account.id, ids[0] ?? fail())
    let answered = 0
    const removals = pages.map((page) => send({ browser, page }, '/remove').finally(() => (answered += 1)))
    while ((await waiting()) + answered < 2) await new Promise(setImmediate)
    return { removals }
  })
  const answers = await Promise.all(removals)

  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
  expect(answers.map(pathOf)).toContain('/portal/methods')
  expect(await factorsOf(world, mary)).toHaveLength(1)
  expect((await eventsOf(world, mary)).filter((event) => event === 'factor.removed')).toHaveLength(1)
})
