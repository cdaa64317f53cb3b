import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, heardAt, mustGiveUp, wasMet } from '../../scripted/judging.ts'
import { challenged } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'gives up on tokens that are always refused', async (target, checks) => {
  const clause = 'RFC 6750 section 3.1'
  const played = await playScene(target, 'gives-up-on-tokens-that-are-always-refused', {
    mail: (asked) => {
      asked.world.meet()
      return challenged(asked, ', error="invalid_token"')
    },
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const [refreshed, signedIn] = [grantsOf(played, 'refresh_token').length, heardAt(played, 'authorize').length]
  checks.must(clause, 'it refreshes at most three times', refreshed <= 3, `${refreshed} times`)
  checks.must(clause, 'it takes the person to the sign-in at most three times', signedIn <= 3, `${signedIn} times`)
})
