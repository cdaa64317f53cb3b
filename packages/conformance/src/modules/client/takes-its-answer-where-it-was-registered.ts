import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, heardAt } from '../../scripted/judging.ts'

/** RFC 8252 section 7.3: on loopback the port is the client's to choose. */
function withoutPort(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' && /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(url.hostname)) url.port = ''
  return url?.href ?? text
}

export default module('client', 'takes its answer where it was registered', async (target, checks) => {
  const played = await playScene(target, 'takes-its-answer-where-it-was-registered', {})
  const asked = heardAt(played, 'authorize').map(({ url }) => url.searchParams.get('redirect_uri') ?? '')
  const redeemed = grantsOf(played, 'authorization_code').map(({ form }) => form.get('redirect_uri') ?? '')
  if (asked.length === 0) return checks.skip('RFC 8252 section 7.3', 'it signs in by a code', 'it asked for no code')
  const same = asked.every((one) => withoutPort(one) === withoutPort(played.setting.redirectUri))
  checks.must(
    'RFC 8252 section 7.3',
    'its address is the registered one, with a port of its choice on loopback',
    same,
    asked.join(', '),
  )
  const repeated = redeemed.length > 0 && redeemed.every((one) => asked.includes(one))
  checks.must('RFC 6749 section 4.1.3', 'it redeems the code with the address at which it asked', repeated, redeemed.join(', '))
})
