import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { describePlayed, grantsOf } from '../../scripted/judging.ts'
import type { Heard } from '../../scripted/script.ts'
import { isInbox } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'uses the refresh token that it got last', async (target, checks) => {
  const clause = 'RFC 6749 section 6'
  const played = await playScene(target, 'uses-the-refresh-token-that-it-got-last', {
    reads: 3,
    mail: ({ heard, world }) => {
      // Each token opens the inbox once.
      const mine = (one: Heard) => one.headers.authorization === heard.headers.authorization && isInbox(one)
      if (isInbox(heard) && world.heard.filter(mine).length > 1) world.expireTokens()
      return undefined
    },
  })
  const sent = grantsOf(played, 'refresh_token').map(({ form }) => form.get('refresh_token') ?? '')
  if (sent.length < 2) return checks.skip(clause, 'no refresh token is sent twice', `it refreshed ${sent.length} times`)
  checks.must(
    clause,
    'no refresh token is sent twice',
    new Set(sent).size === sent.length,
    `${new Set(sent).size} of ${sent.length} differ`,
  )
  checks.must(clause, 'it reads its mail all the time', played.delivered === 3, describePlayed(played))
})
