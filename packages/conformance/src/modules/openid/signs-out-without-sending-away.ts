import { module } from '../../conformance-module.ts'
import { type Change, mustSucceed } from '../../person/code-flow.ts'
import { describeAnswer } from '../../person/person-browser.ts'
import { hasSession, signInAnew, signOut } from '../../person/sign-out.ts'

const CLAUSE = 'OpenID Connect RP-Initiated Logout 1.0 section 2'

export default module(
  'issuer',
  'signs out without sending away',
  async (target, checks) => {
    if ((await target.findEndpoint('end_session_endpoint')) === undefined)
      return checks.skip(CLAUSE, 'a person can sign out', 'the metadata names no end_session_endpoint')
    const wishes: readonly (readonly [string, (idToken: string) => Change])[] = [
      ['without any parameter', () => ({})],
      ['with state alone', () => ({ state: 'alone' })],
      ['with a hint and no address', (idToken) => ({ id_token_hint: idToken, state: 'alone' })],
    ]
    for (const [what, wish] of wishes) {
      const person = await signInAnew(target)
      if (!mustSucceed(checks, CLAUSE, `a person signs in, to sign out ${what}`, person.flow)) continue
      const answer = await signOut(target, person.browser, wish(person.flow.idToken))
      const isPage = answer.kind === 'page' && answer.status === 200
      checks.must(CLAUSE, `a sign-out ${what} ends on a page of the issuer`, isPage, describeAnswer(answer))
      const goesOn = await hasSession(target, person)
      checks.must(CLAUSE, `the session ends by a sign-out ${what}`, !goesOn, goesOn ? 'still signed in' : 'ended')
    }
  },
  {
    ids: [
      'oidcc-rp-initiated-logout-no-params',
      'oidcc-rp-initiated-logout-only-state',
      'oidcc-rp-initiated-logout-no-post-logout-redirect-uri',
    ],
  },
)
