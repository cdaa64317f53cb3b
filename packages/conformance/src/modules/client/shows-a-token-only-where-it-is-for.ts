import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { carrying, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'shows a token only where it is for', async (target, checks) => {
  const clause = 'RFC 6750 section 5.2'
  const played = await playScene(target, 'shows-a-token-only-where-it-is-for', {
    mail: ({ heard, world }) => {
      if (heard.party === 'elsewhere') return undefined
      world.meet()
      return { status: 307, headers: { location: `${world.at.elsewhere}${heard.url.pathname}` } }
    },
  })
  if (!wasMet(checks, clause, 'a redirect takes no token to a stranger', played)) return
  const there = carrying(
    played,
    played.heard.filter(({ party }) => party === 'elsewhere'),
    ['access'],
  )
  checks.must(clause, 'a redirect takes no token to a stranger', there.length === 0, placesOf(there))
})
