import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { mustGiveUp, tokensShown, wasMet } from '../../scripted/judging.ts'

export default module('client', 'takes no token of another kind', async (target, checks) => {
  const clause = 'RFC 6749 section 7.1'
  const played = await playScene(target, 'takes-no-token-of-another-kind', {
    tokens: (answer, { world }) => {
      world.meet()
      return { ...answer, token_type: 'DPoP' }
    },
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const shown = tokensShown(played).length
  checks.must(clause, 'it shows no such token as a bearer token', shown === 0, `${shown} times`)
})
