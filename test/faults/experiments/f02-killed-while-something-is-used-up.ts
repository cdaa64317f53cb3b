import { startSteppingProxy } from '../../support/stepping-proxy.ts'
import { freePort } from '../../support/sts-process.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { killAfterATurn } from '../lab/kill-points/kill-point.ts'
import { createKillPoints } from '../lab/kill-points/kill-points.ts'

/** Beyond so many messages a request is not taken apart any further. */
const MOST_MESSAGES = 40
/** A request of so few is killed at each of them: every step of the short ways is one. */
const FEW_MESSAGES = 4

/** Of `messages` steps: all, or `wanted` of them spread evenly, from where the seed says. */
function stepsOf(messages: number, wanted: number, random: () => number): readonly number[] {
  const stride = Math.max(1, messages / wanted)
  const first = 1 + Math.floor(random() * stride)
  const steps = Array.from({ length: Math.ceil(messages / stride) }, (_, at) => Math.floor(first + at * stride))
  return steps.filter((step) => step <= messages)
}

export default experiment(
  'F2',
  'kill -9 at the steps of a code exchange, refresh, program token, device, assertion, factor, enrolment, passkey, consent, guess and logout: all or nothing, and never twice',
  async (lab) => {
    const tally = createTally()
    const world = await lab.world()
    const proxy = await startSteppingProxy(world.databaseUrl)
    lab.defer(() => proxy.close())
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
      tally.held(messages > 0, `${point.name} sent the database nothing`)
      const wanted = lab.thorough || messages <= FEW_MESSAGES ? messages : lab.budget === 'short' ? 1 : 3
      for (const when of ['before', 'after'] as const)
        for (const step of stepsOf(messages, wanted, lab.random)) {
          const prepared = await point.prepare(`${when}${step}`)
          const dying = victim
          let end: Promise<void> | undefined
          proxy.arm({
            step,
            when,
            strike: () => {
              end = killAfterATurn(dying)
              return end
            },
          })
          await prepared.strike(victim.address)
          await end
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
