import { createTally, experiment } from '../lab/experiment.ts'
import { claimsOf } from '../lab/history.ts'
import type { HonestClient } from '../lab/honest-client.ts'
import { withDatabase } from '../lab/sql.ts'

/** So often an honest client asks in all. */
const TRIES = 4
const PARALLEL = 8

/**
 * Makes real ones: in a database that is serializable by default PostgreSQL gives up one of two requests for the same token
 * (40001); and a session of our own that takes the same rows the other way round ends in a circle (40P01).
 */
export default experiment(
  'F8',
  'PostgreSQL gives transactions up (40001, 40P01): the service begins again inside, with no double effect',
  async (lab) => {
    const tally = createTally()
    const server = await lab.postgres({ settings: { deadlock_timeout: '200ms' } })
    const databaseUrl = await server.createDatabase()
    const world = await lab.world({ databaseUrl })
    const database = new URL(databaseUrl).pathname.slice(1)
    await withDatabase(
      server.url,
      async (sql) => void (await sql(`alter database ${database} set default_transaction_isolation to 'serializable'`)),
    )
    const services = await Promise.all([world.service(), world.service()])
    const browser = await world.browser('ann')
    let gaveWay = 0

    for (let round = 0; round < (lab.budget === 'short' ? 3 : 40); round += 1) {
      const holder = await world.signedIn(`round ${round}`, { browser })
      const token = holder.token
      const tabs: HonestClient[] = Array.from({ length: PARALLEL }, (_, at) => {
        const tab = world.client(`round ${round}, tab ${at}`, services[at % 2]?.address)
        tab.token = token
        return tab
      })
      const answers = await Promise.all(tabs.map((tab) => tab.refreshUntilAnswered(TRIES)))
      const texts = new Set(answers.map(({ answer }) => answer?.text))
      tally.held(
        answers.every(({ answer }) => answer?.status === 200) && texts.size === 1,
        `round ${round}: ${answers.map(({ answer }) => answer?.status)} with ${texts.size} different answers`,
      )
      tally.held(
        (await (tabs[0] ?? holder).refreshUntilAnswered(TRIES)).answer?.status === 200,
        `round ${round}: the successor does not work`,
      )
    }

    for (let round = 0; round < (lab.budget === 'short' ? 1 : 10); round += 1) {
      const client = await world.signedIn(`circle ${round}`, { browser, address: services[0].address })
      const family = claimsOf(client.token).fam
      await withDatabase(databaseUrl, async (sql) => {
        await sql('begin isolation level read committed')
        await sql('select 1 from refresh_family where id = $1 for update', [family])
        const refreshed = client.refresh()
        await untilSomebodyWaits(server.url)
        // Whoever waited first is the one that PostgreSQL gives up.
        await sql('select 1 from refresh_token where family_id = $1 for update', [family]).catch(() => undefined)
        await sql('rollback')
        const answer = (await refreshed).answer
        if (answer?.status !== 200) gaveWay += 1
        tally.held(answer?.status === 200, `circle ${round}: the request that gave way was answered ${answer?.status}`)
      })
      const after = await client.refreshUntilAnswered(TRIES)
      tally.held(after.answer?.status === 200, `circle ${round}: afterwards ${after.answer?.status} ${after.answer?.text}`)
    }
    const refusedForNow = world.history.asked.filter(({ answer }) => answer?.status === 503)
    tally.held(
      refusedForNow.every(({ answer }) => answer?.headers['retry-after'] !== undefined),
      'a 503 did not say when to come back',
    )
    return tally.result(lab.requests(), { gaveWay, answeredUnavailable: refusedForNow.length })
  },
)

async function untilSomebodyWaits(url: string): Promise<void> {
  await withDatabase(url, async (sql) => {
    for (let tries = 0; tries < 2000; tries += 1)
      if ((await sql("select 1 from pg_stat_activity where wait_event_type = 'Lock' and state = 'active'")).length > 0) return
    throw new TypeError('nobody waits for the row')
  })
}
