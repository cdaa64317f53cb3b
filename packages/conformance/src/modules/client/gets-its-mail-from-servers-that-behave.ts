import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { mustGetMail } from '../../scripted/judging.ts'

export default module('client', 'gets its mail from servers that behave', async (target, checks) => {
  const played = await playScene(target, 'gets-its-mail-from-servers-that-behave', {})
  mustGetMail(checks, 'RFC 6749 section 4.1, RFC 6750 section 2.1', played)
})
