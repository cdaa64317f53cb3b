import { checkOutBeforeNewestMigration } from '../lab/earlier-version.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { type HonestClient, isLost } from '../lab/honest-client.ts'

/** Refreshes of each client between two changes. */
const BETWEEN = 3

/**
 * Two processes of the version before the newest migration, on the schema that this version made, are replaced one by one by
 * processes of this version, and then back, while clients go on. What each gave, the other must take.
 */
export default experiment(
  'F15',
  'A rolling upgrade over the newest migration and back, under load: no honest request fails, and each version takes what the other gave',
  async (lab) => {
    const tally = createTally()
    const earlier = checkOutBeforeNewestMigration()
    lab.defer(() => earlier.remove())
    const world = await lab.world()
    const start = (version: 'old' | 'new') => world.service(version === 'old' ? { program: earlier.program } : {})
    const processes = [await start('old'), await start('old')]
    const versions = ['old', 'old']
    const browser = await world.browser('ann')
    const clients: HonestClient[] = []
    for (let at = 0; at < 8; at += 1)
      clients.push(await world.signedIn(`app ${at}`, { browser, address: processes[at % 2]?.address ?? '' }))

    let over = false
    let rotations = 0
    const done = clients.map(() => 0)
    const loops = clients.map(async (client, index) => {
      for (let turn = index; !over; turn += 1) {
        client.address = processes[turn % 2]?.address ?? ''
        const token = client.token
        let asked = await client.refresh(token)
        // Told to go elsewhere, or not let in: the other process has the same answer.
        for (let again = 1; isLost(asked) && again <= 20; again += 1) {
          client.address = processes[(turn + again) % 2]?.address ?? ''
          asked = await client.refresh(token)
        }
        tally.held(
          asked.answer?.status === 200,
          `${client.name} got ${asked.answer?.status} ${asked.answer?.text.slice(0, 100)} while there ran ${versions}`,
        )
        if (asked.answer?.status !== 200) return
        rotations += 1
        done[index] = (done[index] ?? 0) + 1
      }
    })
    const advance = async () => {
      const goal = done.map((so) => so + BETWEEN)
      const reached = () => over || goal.every((wanted, index) => (done[index] ?? 0) >= wanted)
      for (let tries = 0; tries < 3000 && !reached(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20))
      tally.held(reached(), `no progress while there ran ${versions}`)
    }
    try {
      await advance()
      for (const [at, version] of [
        [0, 'new'],
        [1, 'new'],
        [0, 'old'],
        [1, 'old'],
      ] as const) {
        const next = await start(version)
        const gone = processes[at]
        processes[at] = next
        versions[at] = version
        tally.held((await gone?.stop()) === 0, `a process of the ${version === 'new' ? 'old' : 'new'} version did not end well`)
        await advance()
        const code = await browser.code()
        const fresh = world.client(`code while ${versions}`, processes[at]?.address)
        tally.held((await fresh.redeem(code)).answer?.status === 200, `a code was refused while there ran ${versions}`)
      }
    } finally {
      over = true
      await Promise.all(loops)
    }
    tally.tell(`the earlier version is ${earlier.commit}, which does not know ${earlier.migration}`)
    return tally.result(lab.requests(), { rotations })
  },
)
