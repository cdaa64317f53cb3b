import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'refuses an answer with the state of another', async (target, checks) => {
  const played = await playScene(target, 'refuses-an-answer-with-the-state-of-another', {
    authorization: (answer, { world }) => {
      answer.set('state', 'a-state-of-somebody-else')
      world.meet()
      return answer
    },
  })
  if (!wasMet(checks, 'RFC 6749 section 10.12', 'it gives up and says so', played)) return
  mustGiveUp(checks, 'RFC 6749 section 10.12', played)
  const sent = grantsOf(played, 'authorization_code')
  checks.must('RFC 6749 section 10.12', 'it redeems no code of such an answer', sent.length === 0, placesOf(sent))
})
