import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { grantsOf, heardAt } from '../../scripted/judging.ts'

export default module('client', 'uses a fresh proof key for every sign in', async (target, checks) => {
  const scenes = [
    await playScene(target, 'uses-a-fresh-proof-key-for-every-sign-in', {}),
    await playScene(target, 'uses-a-fresh-proof-key-for-every-sign-in', {}),
  ]
  const asked = scenes.flatMap((played) => heardAt(played, 'authorize')).map(({ url }) => url.searchParams)
  const verifiers = scenes
    .flatMap((played) => grantsOf(played, 'authorization_code'))
    .map(({ form }) => form.get('code_verifier') ?? '')
  if (asked.length < 2) return checks.skip('RFC 7636', 'it signs in by a code', 'it asked for no code')
  const challenges = asked.map((one) => one.get('code_challenge') ?? '')
  const methods = asked.map((one) => one.get('code_challenge_method'))
  const hashed = methods.every((method) => method === 'S256') && challenges.every((one) => one.length === 43)
  checks.must('RFC 9700 section 2.1.1', 'every request for a code carries a challenge by S256', hashed, methods.join(', '))
  const fresh = new Set(challenges).size === challenges.length
  checks.must(
    'RFC 7636 section 7.1',
    'no challenge comes twice',
    fresh,
    `${new Set(challenges).size} of ${challenges.length} differ`,
  )
  const long = verifiers.length > 0 && verifiers.every((one) => /^[A-Za-z0-9._~-]{43,128}$/.test(one))
  checks.must('RFC 7636 section 4.1', 'verifiers have 43 to 128 characters', long, verifiers.map((one) => one.length).join(', '))
})
