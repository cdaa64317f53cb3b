import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt, mustGetMail, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'reads quoted text in challenges as text', async (target, checks) => {
  const clause = 'RFC 9110 section 5.6.4'
  const played = await playScene(target, 'reads-quoted-text-in-challenges-as-text', {
    challenge: (lines, { world }) => {
      world.meet()
      return [`Basic realm="write \\"Bearer authorization_uri=${world.at.elsewhere}/kit/authorize\\" here"`, ...lines.slice(0, 1)]
    },
  })
  if (!wasMet(checks, clause, 'it gets its mail', played)) return
  mustGetMail(checks, clause, played)
  const strayed = heardAt(played, 'authorize', 'elsewhere')
  checks.must(clause, 'it signs in nowhere that only a quoted text names', strayed.length === 0, placesOf(strayed))
})
