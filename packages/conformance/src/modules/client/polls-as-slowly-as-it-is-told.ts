import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { gapsOf, grantsOf, mustGetMail, usesDevices } from '../../scripted/judging.ts'
import { tokenError } from '../../scripted/script.ts'

/** Seconds, as the stage's issuer says. Times are whole seconds. */
const INTERVAL = 2
const TOLERANCE = 1

export default module(
  'client',
  'polls as slowly as it is told',
  async (target, checks) => {
    const clause = 'RFC 8628 section 3.5'
    const answers = [tokenError('authorization_pending'), tokenError('slow_down'), tokenError('authorization_pending')]
    const played = await playScene(target, 'polls-as-slowly-as-it-is-told', {
      flow: 'device',
      token: ({ heard, world }) => {
        if (heard.form.get('grant_type')?.endsWith(':device_code') !== true) return undefined
        world.meet()
        return answers.shift()
      },
    })
    if (!usesDevices(checks, clause, 'it gets its mail', played)) return
    const [first = 0, ...later] = gapsOf(grantsOf(played, ':device_code'))
    checks.must(clause, 'it waits for the interval', first >= INTERVAL - TOLERANCE, `${first} s, told ${INTERVAL}`)
    const slower = later.every((gap) => gap >= INTERVAL + 5 - TOLERANCE)
    checks.must(
      clause,
      'it waits five seconds more after slow_down',
      slower,
      `${later.join(' and ')} s, told ${INTERVAL} and slow_down`,
    )
    mustGetMail(checks, clause, played)
  },
  { slow: true },
)
