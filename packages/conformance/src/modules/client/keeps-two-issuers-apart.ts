import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt, mustGiveUp, placesOf, wasMet } from '../../scripted/judging.ts'

export default module('client', 'keeps two issuers apart', async (target, checks) => {
  const clause = 'RFC 9700 section 4.4.2'
  // Its issuer is the attacker: it sends the person on to an honest one, and waits for that one's code.
  const played = await playScene(target, 'keeps-two-issuers-apart', {
    authorization: (answer, { heard, world }) => {
      if (heard.party === 'other') return answer
      world.meet()
      return { status: 302, headers: { location: `${world.at.other}/authorize${heard.url.search}` } }
    },
  })
  if (!wasMet(checks, clause, 'it gives up and says so', played)) return
  mustGiveUp(checks, clause, played)
  const codes = played.issued.filter(({ by }) => by === 'other').map(({ value }) => value)
  const betrayed = heardAt(played, 'token', 'issuer').filter(({ form }) => codes.includes(form.get('code') ?? ''))
  checks.must(clause, "no code of one issuer is sent to the other's token endpoint", betrayed.length === 0, placesOf(betrayed))
})
