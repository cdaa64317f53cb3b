import { startFaultProxy } from '@postern/storage/contract'
import { createTally, experiment } from '../lab/experiment.ts'
import { load } from '../lab/load.ts'
import { count } from '../lab/sql.ts'

/** Late enough that ten sessions cannot serve everybody in time. */
const lateMilliseconds = 400
const longestMilliseconds = 5_000

export default experiment('F6', 'Five hundred clients want ten sessions of a database that is late', async (lab) => {
  const tally = createTally()
  const clientCount = lab.budget === 'short' ? 150 : 500
  const server = await lab.postgres({ shared: true })
  const world = await lab.world({ databaseUrl: await server.createDatabase() })
  const proxy = await startFaultProxy(world.databaseUrl)
  lab.defer(() => proxy.close())
  const service = await world.service({ databaseUrl: proxy.url, environment: { POSTERN_DATABASE_POOL_SIZE: '10' } })
  const browser = await world.browser('ann')
  const chains = await Promise.all(
    Array.from({ length: 20 }, (_, index) => world.signedIn(`chain ${index}`, { browser, address: service.address })),
  )
  const { mail } = world.sts.clients
  const stranger = world.client('stranger', service.address)
  /** A code that nobody gave: a whole transaction, and a refusal. */
  const guess = (index: number) =>
    stranger.redeem({ code: `guess-${index}`, verifier: 'v'.repeat(43), redirectUri: mail.redirectUri, clientId: mail.clientId })

  const connectionsBefore = proxy.connections
  proxy.slow(lateMilliseconds)
  let withoutRetryAfter = 0
  let healthy = 0
  let asksOfHealth = 0
  const healthAlong = (async () => {
    for (; asksOfHealth < 20; asksOfHealth += 1) {
      const health = await stranger.ask({ act: 'other', method: 'GET', path: '/healthz' })
      healthy += health.answer?.status === 200 ? 1 : 0
    }
  })()
  const result = await load({
    total: clientCount,
    sideBySide: clientCount,
    ask: async (index) => {
      const { answer } = await (chains[index]?.refresh() ?? guess(index))
      if (answer?.status === 503 && !(Number(answer.headers['retry-after']) > 0)) withoutRetryAfter += 1
      return answer?.status ?? 0
    },
  })
  await healthAlong
  const expected = new Set(['200', '400', '503'])
  tally.held(
    Object.keys(result.byStatus).every((status) => expected.has(status)),
    `answers were ${JSON.stringify(result.byStatus)}`,
  )
  tally.held(
    (result.byStatus['503'] ?? 0) > 0,
    `nobody was sent away, so nothing was exhausted: ${JSON.stringify(result.byStatus)}`,
  )
  tally.held(withoutRetryAfter === 0, `${withoutRetryAfter} answers of 503 without Retry-After`)
  tally.held(result.slowest <= longestMilliseconds, `somebody waited ${Math.round(result.slowest)} ms`)
  tally.held(healthy === 20, `/healthz answered ${healthy} of 20 times`)
  tally.held(proxy.connections <= connectionsBefore + 13, `${proxy.connections} connections to the database are open`)

  proxy.restore()
  const back = await Promise.all(chains.map((chain) => chain.refreshUntilAnswered(50)))
  const well = back.filter(({ answer }) => answer?.status === 200).length
  tally.held(well === chains.length, `afterwards ${well} of ${chains.length} chains go on`)
  const all = await load({ total: clientCount, sideBySide: 20, ask: async (index) => (await guess(index)).answer?.status ?? 0 })
  tally.held(all.byStatus['400'] === clientCount, `afterwards answers were ${JSON.stringify(all.byStatus)}`)
  const stuck = await count(
    world.databaseUrl,
    "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
  )
  tally.held(stuck === 0, `${stuck} sessions stay in a transaction`)
  return tally.result(lab.requests(), {
    clients: clientCount,
    sentAway: result.byStatus['503'] ?? 0,
    slowestMilliseconds: Math.round(result.slowest),
  })
})
