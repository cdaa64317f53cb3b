import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { carrying, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'redeems no code over plain http', async (target, checks) => {
  const clause = 'RFC 6749 section 3.2'
  const played = await playScene(target, 'redeems-no-code-over-plain-http', {
    metadata: (document, { world }) => {
      world.meet()
      return { ...document, token_endpoint: 'http://login.conformance.example/kit/token' }
    },
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const found = carrying(
    played,
    played.heard.filter(({ party }) => party === 'proxy'),
    ['code'],
  )
  checks.must(clause, 'no code goes over plain http beyond this machine', found.length === 0, placesOf(found))
})
