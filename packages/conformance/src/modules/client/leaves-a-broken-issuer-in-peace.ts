import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt, mustGiveUp, wasMet } from '../../scripted/judging.ts'

export default module(
  'client',
  'leaves a broken issuer in peace',
  async (target, checks) => {
    const clause = 'RFC 9110 section 15.6'
    const played = await playScene(target, 'leaves-a-broken-issuer-in-peace', {
      token: ({ world }) => {
        world.meet()
        return { status: 500, body: 'Something broke.' }
      },
    })
    if (!wasMet(checks, clause, 'it gives up and says so', played)) return
    mustGiveUp(checks, clause, played)
    const tries = heardAt(played, 'token').length
    checks.must(clause, 'it asks at most five times', tries <= 5, `${tries} times`)
  },
  { slow: true },
)
