import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, mustGiveUp, wasMet } from '../../scripted/judging.ts'
import { tokenError } from '../../scripted/script.ts'

export default module(
  'client',
  'stops polling when it was denied',
  async (target, checks) => {
    const clause = 'RFC 8628 section 3.5'
    const played = await playScene(target, 'stops-polling-when-it-was-denied', {
      flow: 'device',
      token: ({ world }) => {
        world.meet()
        return tokenError('access_denied')
      },
    })
    if (!wasMet(checks, clause, 'it gives up and says so', played)) return
    mustGiveUp(checks, clause, played)
    const polls = grantsOf(played, ':device_code').length
    checks.must(clause, 'it does not ask again', polls === 1, `${polls} times`)
  },
  { slow: true },
)
