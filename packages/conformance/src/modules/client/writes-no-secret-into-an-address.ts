import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { carrying, placesOf } from '../../scripted/judging.ts'
import { isInbox } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'writes no secret into an address', async (target, checks) => {
  const played = await playScene(target, 'writes-no-secret-into-an-address', {
    reads: 2,
    mail: ({ heard, world }) => {
      const isSecond = world.heard.filter((one) => one.place === 'mail' && isInbox(one)).length === 2
      if (isInbox(heard) && isSecond) world.expireTokens()
      return undefined
    },
  })
  const addresses = played.heard.map((one) => ({ ...one, headers: {}, body: '' }))
  const found = carrying(played, addresses, ['access', 'refresh', 'id', 'code', 'device'])
  if (played.issued.length === 0)
    return checks.skip('RFC 6750 section 5.3', 'no token stands in an address', 'it was given nothing')
  checks.must('RFC 6750 section 5.3', 'no token and no code stands in an address', found.length === 0, placesOf(found))
})
