import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { carrying, heardAt, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'
import { challengeLines } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'signs in nowhere that nobody told it', async (target, checks) => {
  const clause = 'RFC 9728 section 7.6'
  const played = await playScene(target, 'signs-in-nowhere-that-nobody-told-it', {
    challenge: (_, { world }) => {
      world.meet()
      return challengeLines(world.at.mail, `${world.at.elsewhere}/kit`)
    },
    resourceMetadata: (document, { world }) => ({ ...document, authorization_servers: [`${world.at.elsewhere}/kit`] }),
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const strayed = heardAt(played, 'authorize', 'elsewhere')
  checks.must(clause, 'it takes nobody to the sign-in of a stranger', strayed.length === 0, placesOf(strayed))
  const given = carrying(played, heardAt(played, 'token', 'elsewhere'), ['code', 'device'])
  checks.must(clause, 'it gives no code to a stranger', given.length === 0, placesOf(given))
})
