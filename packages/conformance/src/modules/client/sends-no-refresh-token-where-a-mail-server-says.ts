import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { carrying, placesOf, wasMet } from '../../scripted/judging.ts'
import { challenged, isInbox } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'sends no refresh token where a mail server says', async (target, checks) => {
  const clause = 'RFC 6749 section 10.4'
  const played = await playScene(target, 'sends-no-refresh-token-where-a-mail-server-says', {
    reads: 2,
    mail: ({ heard, world }) => {
      if (!world.heard.some((one) => one !== heard && one.place === 'mail' && isInbox(one))) return undefined
      if (world.heard.some((one) => one.place === 'token' && one.form.get('grant_type') === 'refresh_token')) return undefined
      world.meet()
      const asked = { heard, world }
      return challenged(asked, ', error="invalid_token"', `${world.at.elsewhere}/kit`)
    },
  })
  if (!wasMet(checks, clause, 'nothing that it was given goes to a stranger', played)) return
  const there = played.heard.filter(({ party }) => party === 'elsewhere')
  const given = carrying(played, there, ['refresh', 'access', 'id', 'code'])
  checks.must(clause, 'nothing that it was given goes to a stranger', given.length === 0, placesOf(given))
})
