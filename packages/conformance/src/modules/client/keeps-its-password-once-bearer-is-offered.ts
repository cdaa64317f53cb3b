import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { placesOf, wasMet } from '../../scripted/judging.ts'
import { challenged } from '../../scripted/scripted-mail-server.ts'

export default module('client', 'keeps its password once bearer is offered', async (target, checks) => {
  const clause = 'RFC 9700 section 2.4'
  const played = await playScene(target, 'keeps-its-password-once-bearer-is-offered', {
    mail: (asked) => {
      asked.world.meet()
      return challenged(asked, ', error="invalid_token"')
    },
  })
  if (!wasMet(checks, clause, 'it sends its password nowhere', played)) return
  const { address, password } = played.setting
  const written = [password, Buffer.from(`${address}:${password}`).toString('base64')]
  const sent = played.heard.filter(({ url, headers, body }) =>
    written.some((one) => `${url.href} ${Object.values(headers).join(' ')} ${body}`.includes(one)),
  )
  checks.must(clause, 'it sends its password nowhere', sent.length === 0, placesOf(sent))
})
