import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt, shouldGetMail, wasMet } from '../../scripted/judging.ts'
import type { Heard } from '../../scripted/script.ts'
import { challenged } from '../../scripted/scripted-mail-server.ts'

const ACR = 'urn:conformance:strong'

export default module('client', 'signs in more strongly when its mail server asks', async (target, checks) => {
  const clause = 'RFC 9470 section 4'
  const holds = ({ url }: Heard) => url.searchParams.get('acr_values')?.split(' ').includes(ACR) === true
  const played = await playScene(target, 'signs-in-more-strongly-when-its-mail-server-asks', {
    mail: (asked) => {
      if (asked.world.heard.some((one) => one.place === 'authorize' && holds(one))) return undefined
      asked.world.meet()
      return challenged(asked, `, error="insufficient_user_authentication", acr_values="${ACR}"`)
    },
  })
  if (!wasMet(checks, clause, 'it gets its mail', played)) return
  const again = heardAt(played, 'authorize').slice(1)
  checks.must(
    clause,
    'a new sign-in asks for what the mail server named',
    again.every(holds),
    `${again.filter(holds).length} of ${again.length} sign-ins`,
  )
  shouldGetMail(checks, clause, played)
})
