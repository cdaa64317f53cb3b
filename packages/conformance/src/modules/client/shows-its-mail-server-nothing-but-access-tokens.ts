import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { carrying, placesOf } from '../../scripted/judging.ts'
import { isInbox } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'shows its mail server nothing but access tokens', async (target, checks) => {
  const played = await playScene(target, 'shows-its-mail-server-nothing-but-access-tokens', {
    reads: 2,
    mail: ({ heard, world }) => {
      const isSecond = world.heard.filter((one) => one.place === 'mail' && isInbox(one)).length === 2
      if (isInbox(heard) && isSecond) world.expireTokens()
      return undefined
    },
  })
  const there = played.heard.filter(({ party }) => party === 'mail')
  const found = carrying(played, there, ['refresh', 'id', 'code', 'device'])
  if (played.delivered === 0) return checks.skip('RFC 6749 section 10.4', 'it shows nothing else', 'it read no mail')
  checks.must('RFC 6749 section 10.4', 'no refresh token, ID token or code goes there', found.length === 0, placesOf(found))
})
