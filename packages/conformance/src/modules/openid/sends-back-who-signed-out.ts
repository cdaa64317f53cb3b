import { module } from '../../conformance-module.ts'
import { mustSucceed, openIdClient } from '../../person/code-flow.ts'
import { describeAnswer } from '../../person/person-browser.ts'
import { hasSession, signInAnew, signOut } from '../../person/sign-out.ts'

const CLAUSE = 'OpenID Connect RP-Initiated Logout 1.0 section 3'

export default module(
  'issuer',
  'sends back who signed out',
  async (target, checks) => {
    const expected = 'who signs out is sent to the registered address'
    const { postLogoutRedirectUri: address } = openIdClient(target)
    if (address === undefined) return checks.skip(CLAUSE, expected, 'the client has no post_logout_redirect_uri')
    if ((await target.findEndpoint('end_session_endpoint')) === undefined)
      return checks.skip(CLAUSE, expected, 'the metadata names no end_session_endpoint')
    for (const state of ['state-of-the-sign-out', undefined]) {
      const kind = state === undefined ? 'without state' : 'with state'
      const person = await signInAnew(target)
      if (!mustSucceed(checks, CLAUSE, `a person signs in, to sign out ${kind}`, person.flow)) continue
      const answer = await signOut(target, person.browser, {
        id_token_hint: person.flow.idToken,
        post_logout_redirect_uri: address,
        state,
      })
      const isBack = answer.kind === 'answered' && answer.address === address.replace(/[?#].*$/s, '')
      checks.must(CLAUSE, `${expected} ${kind}`, isBack, describeAnswer(answer))
      if (isBack)
        checks.must(
          CLAUSE,
          `state is what it was ${kind}`,
          answer.parameters.get('state') === state,
          answer.parameters.get('state'),
        )
      const goesOn = await hasSession(target, person)
      checks.must(
        'OpenID Connect RP-Initiated Logout 1.0 section 2',
        `the session ends ${kind}`,
        !goesOn,
        goesOn ? 'still signed in' : 'ended',
      )
    }
  },
  { ids: ['oidcc-rp-initiated-logout', 'oidcc-rp-initiated-logout-no-state'] },
)
