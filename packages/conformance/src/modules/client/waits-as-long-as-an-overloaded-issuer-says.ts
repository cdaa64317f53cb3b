import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { gapsOf, heardAt, shouldGetMail, wasMet } from '../../scripted/judging.ts'
import { tokenError } from '../../scripted/script.ts'

/** Times are whole seconds. */
const TOLERANCE = 1

export default module(
  'client',
  'waits as long as an overloaded issuer says',
  async (target, checks) => {
    const clause = 'RFC 9110 section 10.2.3'
    const answers = [
      tokenError('slow_down', 429, { 'retry-after': '3' }),
      tokenError('temporarily_unavailable', 503, { 'retry-after': '3' }),
    ]
    const played = await playScene(target, 'waits-as-long-as-an-overloaded-issuer-says', {
      token: ({ world }) => {
        world.meet()
        return answers.shift()
      },
    })
    if (!wasMet(checks, clause, 'it gets its mail', played)) return
    const gaps = gapsOf(heardAt(played, 'token')).slice(0, 2)
    checks.must(
      clause,
      'it asks no sooner than it was told',
      gaps.every((gap) => gap >= 3 - TOLERANCE),
      `after ${gaps.join(' and ')} s`,
    )
    shouldGetMail(checks, clause, played)
  },
  { slow: true },
)
