import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, mustGiveUp, wasMet } from '../../scripted/judging.ts'
import { tokenError } from '../../scripted/script.ts'

export default module('client', 'gives a refused code up', async (target, checks) => {
  const clause = 'RFC 6749 section 4.1.2'
  const played = await playScene(target, 'gives-a-refused-code-up', {
    token: ({ world }) => {
      world.meet()
      return tokenError('invalid_grant')
    },
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const codes = grantsOf(played, 'authorization_code').map(({ form }) => form.get('code') ?? '')
  checks.must(clause, 'no code is sent twice', new Set(codes).size === codes.length, `${codes.length} times`)
})
