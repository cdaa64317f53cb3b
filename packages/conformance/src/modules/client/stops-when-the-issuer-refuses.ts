import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'stops when the issuer refuses', async (target, checks) => {
  const played = await playScene(target, 'stops-when-the-issuer-refuses', {
    authorization: (answer, { world }) => {
      answer.delete('code')
      answer.set('error', 'access_denied')
      world.meet()
      return answer
    },
  })
  if (!wasMet(checks, 'RFC 6749 section 4.1.2.1', 'it gives up and says so', played)) return
  mustGiveUp(checks, 'RFC 6749 section 4.1.2.1', played)
  const sent = grantsOf(played, 'authorization_code')
  checks.must('RFC 6749 section 4.1.2.1', 'it redeems no code of such an answer', sent.length === 0, placesOf(sent))
})
