import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'signs in nowhere that a redirect of metadata leads to', async (target, checks) => {
  const clause = 'RFC 8414 section 6.2'
  const played = await playScene(target, 'signs-in-nowhere-that-a-redirect-of-metadata-leads-to', {
    metadata: (document, { heard, world }) => {
      if (heard.party === 'elsewhere') return { ...document, issuer: world.at.issuer }
      world.meet()
      return { status: 302, headers: { location: `${world.at.elsewhere}/kit/.well-known/openid-configuration` } }
    },
  })
  if (!wasMet(checks, clause, 'it signs in nowhere else', played)) return
  const strayed = [...heardAt(played, 'authorize', 'elsewhere'), ...heardAt(played, 'token', 'elsewhere')]
  checks.must(clause, 'it signs in nowhere else', strayed.length === 0, placesOf(strayed))
})
