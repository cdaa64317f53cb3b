import { createTokenValidator } from '@postern/resource-server'
import { startFaultProxy } from '@postern/storage/contract'
import { createTally, experiment } from '../lab/experiment.ts'
import { load } from '../lab/load.ts'

/** The longest that anybody may wait for an answer. */
const longestMilliseconds = 5_000
/** Sessions of one process: the pool of 10, and a quarter as many for work outside transactions. */
const sessions = 13

export default experiment('F5', 'The database answers two seconds late, thirty seconds late, or not at all', async (lab) => {
  const tally = createTally()
  const sideBySide = lab.budget === 'short' ? 30 : 120
  const server = await lab.postgres({ shared: true })
  const world = await lab.world({ databaseUrl: await server.createDatabase() })
  const proxy = await startFaultProxy(world.databaseUrl)
  lab.defer(() => proxy.close())
  const service = await world.service({ databaseUrl: proxy.url })
  const browser = await world.browser('ann')
  const chains = await Promise.all(
    Array.from({ length: 10 }, (_, index) => world.signedIn(`chain ${index}`, { browser, address: service.address })),
  )
  const program = world.client('program', service.address)
  const good = String((await program.programToken(world.sts.clients.confidential)).answer?.body.access_token)
  let fetches = 0
  const validator = createTokenValidator({
    issuers: [world.sts.issuer],
    audience: 'https://mail.contoso.com/',
    allowInsecureLoopback: true,
    fetch: (...asked) => {
      fetches += 1
      return fetch(...asked)
    },
  })
  await validator.validate(good)
  const fetchedBefore = fetches
  const figures: Record<string, number> = {}

  for (const [name, begin] of [
    ['2 s late', () => proxy.slow(2_000)],
    ['30 s late', () => proxy.slow(30_000)],
    ['silent', () => proxy.swallow()],
  ] as const) {
    begin()
    const result = await load({
      total: sideBySide,
      sideBySide,
      ask: async (index) => {
        const chain = chains[index]
        const asked = chain === undefined ? await program.programToken(world.sts.clients.confidential) : await chain.refresh()
        return asked.answer?.status ?? 0
      },
    })
    const health = await program.ask({ act: 'other', method: 'GET', path: '/healthz' })
    const others = Object.keys(result.byStatus).filter((status) => status !== '503' && !(status === '200' && name === '2 s late'))
    tally.held(others.length === 0, `${name}: answers were ${JSON.stringify(result.byStatus)}`)
    tally.held(result.slowest <= longestMilliseconds, `${name}: somebody waited ${Math.round(result.slowest)} ms`)
    tally.held(proxy.connections <= 2 * sessions, `${name}: ${proxy.connections} connections to the database are open`)
    tally.held(health.answer?.status === 200, `${name}: /healthz answered ${health.answer?.status}`)
    let accepted = 0
    for (let times = 0; times < 1_000; times += 1) accepted += (await validator.validate(good)).aud === undefined ? 0 : 1
    tally.held(accepted === 1_000 && fetches === fetchedBefore, `${name}: a mail server accepted ${accepted} of 1000 good tokens`)
    figures[`slowest, ${name}, milliseconds`] = Math.round(result.slowest)
    proxy.restore()
    const back = await Promise.all(chains.map((chain) => chain.refreshUntilAnswered(50)))
    const well = back.filter(({ answer }) => answer?.status === 200).length
    tally.held(well === chains.length, `${name}: afterwards ${well} of ${chains.length} chains go on`)
    const ready = await program.ask({ act: 'other', method: 'GET', path: '/readyz' })
    tally.held(ready.answer?.status === 200, `${name}: afterwards /readyz answered ${ready.answer?.status}`)
  }
  tally.held(service.child.exitCode === null, `the process ended: ${service.output().slice(-300)}`)
  return tally.result(lab.requests(), figures)
})
