import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt, shouldGetMail, wasMet } from '../../scripted/judging.ts'
import type { Heard } from '../../scripted/script.ts'
import { challenged } from '../../scripted/scripted-mail-server.ts'

const CLAIMS = { access_token: { acrs: { essential: true, value: 'c1' } } }
const ENCODED = Buffer.from(JSON.stringify(CLAIMS)).toString('base64')

export default module('client', 'passes on the claims that its mail server asks for', async (target, checks) => {
  const clause = 'OpenID Connect Core section 5.5'
  const holds = ({ url }: Heard) => /"acrs".*"c1"/.test(url.searchParams.get('claims') ?? '')
  const played = await playScene(target, 'passes-on-the-claims-that-its-mail-server-asks-for', {
    mail: (asked) => {
      if (asked.world.heard.some((one) => one.place === 'authorize' && holds(one))) return undefined
      asked.world.meet()
      return challenged(asked, `, error="insufficient_claims", claims="${ENCODED}"`)
    },
  })
  if (!wasMet(checks, clause, 'it gets its mail', played)) return
  const again = heardAt(played, 'authorize').slice(1)
  checks.must(
    clause,
    'a new sign-in asks for the claims that the mail server named',
    again.every(holds),
    `${again.filter(holds).length} of ${again.length} sign-ins`,
  )
  shouldGetMail(checks, clause, played)
})
