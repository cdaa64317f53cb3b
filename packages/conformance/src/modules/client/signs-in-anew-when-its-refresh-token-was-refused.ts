import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { describePlayed, grantsOf, wasMet } from '../../scripted/judging.ts'
import { tokenError } from '../../scripted/script.ts'
import { isInbox } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'signs in anew when its refresh token was refused', async (target, checks) => {
  const clause = 'RFC 6749 section 5.2'
  const played = await playScene(target, 'signs-in-anew-when-its-refresh-token-was-refused', {
    reads: 2,
    mail: ({ heard, world }) => {
      const isSecond = world.heard.filter((one) => one.place === 'mail' && isInbox(one)).length === 2
      if (isInbox(heard) && isSecond) world.expireTokens()
      return undefined
    },
    token: ({ heard, world }) => {
      if (heard.form.get('grant_type') !== 'refresh_token') return undefined
      world.meet()
      return tokenError('invalid_grant')
    },
  })
  if (!wasMet(checks, clause, 'a refused refresh token is not sent again', played)) return
  const sent = grantsOf(played, 'refresh_token').map(({ form }) => form.get('refresh_token') ?? '')
  checks.must(
    clause,
    'a refused refresh token is not sent again',
    new Set(sent).size === sent.length,
    `sent ${sent.length} times`,
  )
  checks.should(clause, 'it signs in anew, and reads on', played.delivered === 2, describePlayed(played))
})
