import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'refuses an answer that names another issuer', async (target, checks) => {
  const played = await playScene(target, 'refuses-an-answer-that-names-another-issuer', {
    authorization: (answer, { world }) => {
      answer.set('iss', world.at.other)
      world.meet()
      return answer
    },
  })
  if (!wasMet(checks, 'RFC 9207 section 2.4', 'it gives up and says so', played)) return
  mustGiveUp(checks, 'RFC 9207 section 2.4', played)
  const sent = grantsOf(played, 'authorization_code')
  checks.must('RFC 9207 section 2.4', 'it redeems no code of such an answer', sent.length === 0, placesOf(sent))
})
