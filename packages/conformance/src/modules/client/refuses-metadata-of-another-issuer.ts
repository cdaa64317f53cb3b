import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'refuses metadata of another issuer', async (target, checks) => {
  const clause = 'RFC 8414 section 3.3'
  const played = await playScene(target, 'refuses-metadata-of-another-issuer', {
    metadata: (document, { world }) => {
      world.meet()
      return { ...document, issuer: world.at.other }
    },
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const asked = heardAt(played, 'authorize')
  checks.must(clause, 'it asks for no code by such metadata', asked.length === 0, placesOf(asked))
})
