import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, mustGiveUp, usesDevices } from '../../scripted/judging.ts'
import { tokenError } from '../../scripted/script.ts'

export default module(
  'client',
  'stops polling when it was denied',
  async (target, checks) => {
    const clause = 'RFC 8628 section 3.5'
    const played = await playScene(target, 'stops-polling-when-it-was-denied', {
      flow: 'device',
      token: ({ heard, world }) => {
        if (heard.form.get('grant_type')?.endsWith(':device_code') !== true) return undefined
        world.meet()
        return tokenError('access_denied')
      },
    })
    if (!usesDevices(checks, clause, 'it gives up and says so', played)) return
    mustGiveUp(checks, clause, played)
    const polls = grantsOf(played, ':device_code').length
    checks.must(clause, 'it does not ask again', polls === 1, `${polls} times`)
  },
  { slow: true },
)
