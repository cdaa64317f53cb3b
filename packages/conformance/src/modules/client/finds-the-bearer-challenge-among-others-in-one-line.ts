import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { mustGetMail, wasMet } from '../../scripted/judging.ts'

export default module('client', 'finds the bearer challenge among others in one line', async (target, checks) => {
  const clause = 'RFC 9110 section 11.6.1'
  const played = await playScene(target, 'finds-the-bearer-challenge-among-others-in-one-line', {
    challenge: (lines, { world }) => {
      world.meet()
      return [`Negotiate, Basic realm="mail, and more", ${lines[0]}`]
    },
  })
  if (wasMet(checks, clause, 'it gets its mail', played)) mustGetMail(checks, clause, played)
})
