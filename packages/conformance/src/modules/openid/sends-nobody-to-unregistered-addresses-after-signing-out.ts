import { module } from '../../conformance-module.ts'
import { mustSucceed, openIdClient } from '../../person/code-flow.ts'
import { describeAnswer } from '../../person/person-browser.ts'
import { signInAnew, signOut } from '../../person/sign-out.ts'

const CLAUSE = 'OpenID Connect RP-Initiated Logout 1.0 section 3'

/** Flips a bit in the signature of a token. */
function changed(token: string): string {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
  return `${head}.${payload}.${bytes.toString('base64url')}`
}

export default module(
  'issuer',
  'sends nobody to unregistered addresses after signing out',
  async (target, checks) => {
    const { postLogoutRedirectUri: address } = openIdClient(target)
    const expected = 'nobody is sent to an unregistered address'
    if (address === undefined) return checks.skip(CLAUSE, expected, 'the client has no post_logout_redirect_uri')
    if ((await target.findEndpoint('end_session_endpoint')) === undefined)
      return checks.skip(CLAUSE, expected, 'the metadata names no end_session_endpoint')
    const person = await signInAnew(target)
    if (!mustSucceed(checks, CLAUSE, 'a person signs in, to sign out', person.flow)) return
    const { idToken } = person.flow
    const state = 'state-of-the-sign-out'
    const wishes = {
      'an address that is not registered': { id_token_hint: idToken, post_logout_redirect_uri: `${address}/elsewhere`, state },
      'an address with a query added': { id_token_hint: idToken, post_logout_redirect_uri: `${address}?foo=bar`, state },
      'a changed ID token': { id_token_hint: changed(idToken), post_logout_redirect_uri: address, state },
      'a hint that is none': { id_token_hint: 'not-an-id-token', post_logout_redirect_uri: address, state },
      'no hint at all': { post_logout_redirect_uri: address, state },
    }
    // Those that may end the session come last: without one an issuer need not ask, and need not look at much.
    for (const [what, wish] of Object.entries(wishes)) {
      const answer = await signOut(target, person.browser, wish)
      checks.must(
        CLAUSE,
        `nobody is sent anywhere by ${what}`,
        answer.kind === 'page' && answer.status < 500,
        describeAnswer(answer),
      )
    }
  },
  {
    ids: [
      'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri',
      'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri',
      'oidcc-rp-initiated-logout-modified-id-token-hint',
      'oidcc-rp-initiated-logout-bad-id-token-hint',
      'oidcc-rp-initiated-logout-no-id-token-hint',
    ],
  },
)
