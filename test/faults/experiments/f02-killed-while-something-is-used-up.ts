import { startSteppingProxy } from '../../support/stepping-proxy.ts'
import { freePort } from '../../support/sts-process.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { createKillPoints } from '../lab/kill-points.ts'

/** Beyond so many messages a request is not taken apart any further. */
const MOST_MESSAGES = 40

export default experiment(
  'F2',
  'kill -9 at every step of a code exchange, device redemption, client assertion, TOTP, recovery code and logout: all or nothing, and never twice',
  async (lab) => {
    const tally = createTally()
    const world = await lab.world()
    const proxy = await startSteppingProxy(world.databaseUrl)
    lab.defer(() => proxy.close())
    // Whoever signs in on the way is given tokens of which no client writes down anything.
    world.history.unrecorded(10_000)
    const port = await freePort()
    const start = () => world.service({ databaseUrl: proxy.url, port })
    let victim = await start()
    let killed = 0
    const figures: Record<string, number> = {}

    for (const point of await createKillPoints(world)) {
      for (let sample = 0; sample < 2; sample += 1) {
        const { strike } = await point.prepare(`sample${sample}`)
        proxy.arm({ step: Number.MAX_SAFE_INTEGER, when: 'before', strike: () => undefined })
        await strike(victim.address)
        figures[`${point.name}: messages`] = Math.min(MOST_MESSAGES, proxy.disarm().messages)
      }
      const messages = figures[`${point.name}: messages`] ?? 0
      // In short: the first step and one in the middle.
      const stride = lab.budget === 'short' ? Math.max(1, Math.floor(messages / 2)) : 1
      tally.held(messages > 0, `${point.name} sent the database nothing`)
      for (const when of ['before', 'after'] as const)
        for (let step = 1; step <= messages; step += stride) {
          const prepared = await point.prepare(`${when}${step}`)
          proxy.arm({ step, when, strike: () => victim.child.kill('SIGKILL') })
          await prepared.strike(victim.address)
          const { struck } = proxy.disarm()
          if (struck) killed += 1
          const wrong = await prepared.verdict()
          tally.held(wrong === undefined, `${point.name}, killed ${when} message ${step}: ${wrong}`)
          if (!struck) continue
          await victim.kill()
          victim = await start()
        }
    }
    return tally.result(lab.requests(), { ...figures, killed })
  },
)
