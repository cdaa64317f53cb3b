import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { mustGetMail, wasMet } from '../../scripted/judging.ts'

export default module('client', 'finds the bearer challenge in a line of its own', async (target, checks) => {
  const clause = 'RFC 9110 section 11.6.1'
  const played = await playScene(target, 'finds-the-bearer-challenge-in-a-line-of-its-own', {
    challenge: (lines, { world }) => {
      world.meet()
      return ['Negotiate', 'Basic realm="mail"', ...lines.slice(0, 1)]
    },
  })
  if (wasMet(checks, clause, 'it gets its mail', played)) mustGetMail(checks, clause, played)
})
