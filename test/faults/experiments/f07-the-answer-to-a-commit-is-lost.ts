import { startSteppingProxy } from '../../support/stepping-proxy.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { isLost } from '../lab/honest-client.ts'

const COMMIT = /commit/i
/** A plain refresh commits with its one statement that writes, which carries the row of the trail. */
const WRITE = /token\.issued/
/** What nobody knows is ignored, and is not plain. */
const notPlain = { unknown_to_everybody: '1' }

export default experiment(
  'F7',
  'The connection is cut before COMMIT arrives, or after it did and before its answer: asking again gives the same answer',
  async (lab) => {
    const tally = createTally()
    const world = await lab.world()
    const proxy = await startSteppingProxy(world.databaseUrl)
    lab.defer(() => proxy.close())
    const service = await world.service({ databaseUrl: proxy.url })
    const browser = await world.browser('ann')
    let cuts = 0
    for (let round = 0; round < (lab.budget === 'short' ? 4 : 50); round += 1)
      for (const when of ['before', 'after'] as const) {
        const { matching, extra } = round % 2 === 0 ? { matching: COMMIT, extra: notPlain } : { matching: WRITE, extra: {} }
        const client = await world.signedIn(`${when} ${round}`, { browser })
        const first = client.token
        client.address = service.address
        proxy.arm({ step: 1, when, matching, strike: () => undefined })
        const cut = await client.refresh(first, extra)
        const { struck } = proxy.disarm()
        if (struck) cuts += 1
        tally.held(
          struck && isLost(cut),
          `${when}, round ${round}: ${struck ? 'cut' : 'not cut'}, and the answer was ${cut.answer?.status}`,
        )
        const retry = await client.refresh(first, extra)
        client.address = world.sts.baseUrl
        const again = await client.refresh(first, extra)
        tally.held(
          retry.answer?.status === 200 && again.answer?.text === retry.answer.text,
          `${when}, round ${round}: asked again ${retry.answer?.status} ${retry.answer?.body.error ?? ''}, and once more ${again.answer?.status}`,
        )
        const next = await client.refresh()
        tally.held(next.answer?.status === 200, `${when}, round ${round}: the next refresh was answered ${next.answer?.status}`)
      }
    return tally.result(lab.requests(), { cuts })
  },
  { inShort: true },
)
