import { startFaultProxy } from '@postern/storage/contract'
import { startChains } from '../lab/chains.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts'
import { startStandby } from '../lab/standby.ts'

/** How late an asynchronous standby is here, in milliseconds: enough that what it loses can be seen. */
const lateMilliseconds = 300

/** The first server dies under load, the standby is promoted, and clients are led to it. */
async function failOver(lab: Laboratory, { synchronous, chainCount }: { synchronous: boolean; chainCount: number }) {
  const first = await lab.postgres({ settings: { wal_level: 'replica' } })
  const url = await first.createDatabase()
  const proxy = await startFaultProxy(url)
  lab.defer(() => proxy.close())
  const world = await lab.world({ databaseUrl: proxy.url })
  const services = await Promise.all([world.service(), world.service()])
  const line = await startFaultProxy(first.url)
  lab.defer(() => line.close())
  const standby = await startStandby(first.url, { synchronous, via: line.url })
  lab.defer(() => standby.stop())
  const browser = await world.browser('ann')
  const clients = await Promise.all(
    Array.from({ length: chainCount }, (_, index) =>
      world.signedIn(`chain ${index}`, { browser, address: services[index % 2]?.address ?? '' }),
    ),
  )
  if (!synchronous) line.slow(lateMilliseconds)
  const chains = startChains(clients)
  await chains.advance(3)
  await first.crash()
  await standby.promote()
  proxy.lead(standby.at(url))
  await chains.settle()
  return { services, chains, clients }
}

export default experiment('F4', 'The database server dies and its standby takes over', async (lab) => {
  const tally = createTally()
  const chainCount = lab.budget === 'short' ? 6 : 20
  const kept = await failOver(lab, { synchronous: true, chainCount })
  for (const client of kept.clients) {
    const lost = kept.chains.lost.find((one) => one.startsWith(`${client.name}:`))
    tally.held(lost === undefined, `with a synchronous standby a chain was lost: ${lost}`)
  }
  for (const [index, service] of kept.services.entries())
    tally.held(service.child.exitCode === null, `process ${index} ended: ${service.output().slice(-300)}`)
  // What an asynchronous standby loses is told and not judged: the invariants do not hold there, so it has a laboratory of its own.
  await using apart = openLaboratory({ seed: lab.seed, budget: lab.budget })
  const late = await failOver(apart, { synchronous: false, chainCount })
  tally.tell(
    `an asynchronous standby that was ${lateMilliseconds} ms late cost ${late.chains.lost.length} of ${chainCount} chains; with a synchronous one ${kept.chains.lost.length}`,
  )
  return tally.result(lab.requests() + apart.requests(), {
    chains: chainCount,
    synchronousRotated: kept.chains.rotated,
    synchronousLost: kept.chains.lost.length,
    asynchronousLost: late.chains.lost.length,
    asynchronousLateMilliseconds: lateMilliseconds,
  })
})
