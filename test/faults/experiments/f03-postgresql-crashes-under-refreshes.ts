import { startChains } from '../lab/chains.ts'
import { createTally, experiment } from '../lab/experiment.ts'

/** From the moment when the database takes connections again to the first answer with a token. */
const mostRecoveryMilliseconds = 3_000

export default experiment('F3', 'PostgreSQL crashes five times under twenty refresh chains at two processes', async (lab) => {
  const tally = createTally()
  const [crashes, chainCount] = lab.budget === 'short' ? [1, 6] : [5, 20]
  const server = await lab.postgres()
  const world = await lab.world({ databaseUrl: await server.createDatabase() })
  const services = await Promise.all([world.service(), world.service()])
  const browser = await world.browser('ann')
  const clients = await Promise.all(
    Array.from({ length: chainCount }, (_, index) =>
      world.signedIn(`chain ${index}`, { browser, address: services[index % 2]?.address ?? '' }),
    ),
  )
  const probe = world.client('probe', services[0].address)
  const chains = startChains(clients)
  let slowest = 0
  for (let crash = 1; crash <= crashes; crash += 1) {
    await chains.advance(2)
    await server.crash()
    const away = await probe.programToken(world.sts.clients.confidential)
    tally.held(away.answer?.status === 503, `crash ${crash}: without a database the answer was ${away.answer?.status}, not 503`)
    await server.restart()
    const back = performance.now()
    let status: number | undefined
    while (status !== 200 && performance.now() - back < 30_000)
      status = (await probe.programToken(world.sts.clients.confidential)).answer?.status
    const took = performance.now() - back
    slowest = Math.max(slowest, took)
    tally.held(
      status === 200 && took < mostRecoveryMilliseconds,
      `crash ${crash}: tokens came ${Math.round(took)} ms after the database`,
    )
  }
  await chains.advance(2)
  await chains.settle()
  for (const client of clients) {
    const lost = chains.lost.find((one) => one.startsWith(`${client.name}:`))
    tally.held(lost === undefined, `lost ${lost}`)
  }
  for (const [index, service] of services.entries())
    tally.held(service.child.exitCode === null, `process ${index} ended: ${service.output().slice(-300)}`)
  return tally.result(lab.requests(), {
    chains: chainCount,
    crashes,
    rotated: chains.rotated,
    unanswered: chains.unanswered,
    slowestRecoveryMilliseconds: Math.round(slowest),
  })
})
