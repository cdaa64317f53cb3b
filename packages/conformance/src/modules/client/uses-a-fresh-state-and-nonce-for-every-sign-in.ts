import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { heardAt } from '../../scripted/judging.ts'

export default module('client', 'uses a fresh state and nonce for every sign in', async (target, checks) => {
  const scenes = [
    await playScene(target, 'uses-a-fresh-state-and-nonce-for-every-sign-in', {}),
    await playScene(target, 'uses-a-fresh-state-and-nonce-for-every-sign-in', {}),
  ]
  const asked = scenes.flatMap((played) => heardAt(played, 'authorize')).map(({ url }) => url.searchParams)
  if (asked.length < 2) return checks.skip('RFC 6749 section 10.12', 'it signs in by a code', 'it asked for no code')
  const states = asked.map((one) => one.get('state') ?? '')
  const different = new Set(states).size === states.length && states.every((one) => one.length > 7)
  checks.must('RFC 6749 section 10.12', 'every request has a state of its own', different, states.join(', '))
  const withOpenid = asked.filter((one) => one.get('scope')?.split(' ').includes('openid'))
  if (withOpenid.length < 2) return checks.skip('OpenID Connect Core section 3.1.2.1', 'nonces', 'it asks for no ID token')
  const nonces = withOpenid.flatMap((one) => one.get('nonce') ?? [])
  checks.should(
    'RFC 9700 section 2.1.1',
    'a request for an ID token carries a nonce',
    nonces.length > 0,
    `${nonces.length} nonces`,
  )
  checks.must(
    'OpenID Connect Core section 15.5.2',
    'no nonce comes twice',
    new Set(nonces).size === nonces.length,
    nonces.join(', '),
  )
})
