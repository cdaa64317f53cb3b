import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { carrying, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'shows no token over plain http', async (target, checks) => {
  const clause = 'RFC 6750 section 5.3'
  const played = await playScene(target, 'shows-no-token-over-plain-http', {
    mailBase: ({ world }) => {
      world.meet()
      return 'http://mail.conformance.example'
    },
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const found = carrying(
    played,
    played.heard.filter(({ party }) => party === 'proxy'),
    ['access', 'refresh'],
  )
  checks.must(clause, 'no token goes over plain http beyond this machine', found.length === 0, placesOf(found))
})
