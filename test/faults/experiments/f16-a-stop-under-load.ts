import { createTally, experiment } from '../lab/experiment.ts'
import type { HonestClient } from '../lab/honest-client.ts'

/** Within this time a process that is told to stop is gone (main.ts drains for as long at most). */
const STOP_SECONDS = 10

export default experiment(
  'F16',
  'SIGTERM under load: requests in flight are answered, and the process ends by itself',
  async (lab) => {
    const tally = createTally()
    const world = await lab.world()
    const browser = await world.browser('ann')
    const clients: HonestClient[] = []
    for (let at = 0; at < (lab.budget === 'short' ? 6 : 20); at += 1) clients.push(await world.signedIn(`app ${at}`, { browser }))
    let answered = 0
    let turnedAway = 0

    for (let round = 0; round < (lab.budget === 'short' ? 1 : 5); round += 1) {
      const service = await world.service()
      for (const client of clients) client.address = service.address
      // Each goes on until it is not let in any more; a request that was let in must be answered.
      let over = false
      const underWay = Promise.withResolvers<void>()
      let first = 0
      const loops = clients.map(async (client) => {
        while (!over) {
          const asked = await client.refresh()
          if (asked.answer === undefined) {
            turnedAway += 1
            return
          }
          answered += 1
          first += 1
          tally.held(asked.answer.status === 200, `round ${round}: ${client.name} was answered ${asked.answer.status}`)
          if (first === clients.length * 2) underWay.resolve()
        }
      })
      await underWay.promise
      const began = performance.now()
      const code = await service.stop()
      const seconds = (performance.now() - began) / 1000
      over = true
      await Promise.all(loops)
      tally.held(code === 0, `round ${round}: the process ended with ${code}`)
      tally.held(seconds < STOP_SECONDS, `round ${round}: it took ${seconds.toFixed(1)} s to end`)
      // Whoever was cut off asks elsewhere, with what it holds.
      for (const client of clients) {
        client.address = world.sts.baseUrl
        const after = await client.refresh()
        tally.held(
          after.answer?.status === 200,
          `round ${round}: afterwards ${client.name} got ${after.answer?.status} ${after.answer?.text}`,
        )
      }
    }
    return tally.result(lab.requests(), { answered, turnedAway })
  },
  { inShort: true },
)
