import { module } from '../../conformance-module.ts'
import { mustSucceed } from '../../person/code-flow.ts'
import { readIdToken } from '../../person/id-token.ts'
import { startListener, waitFor } from '../../person/listener.ts'
import { signInAnew, signOut } from '../../person/sign-out.ts'

const CLAUSE = 'OpenID Connect Back-Channel Logout 1.0 section 2.4'
const SENT = 'OpenID Connect Back-Channel Logout 1.0 section 2.5'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const AT_MOST_SECONDS = 3600

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export default module(
  'issuer',
  'tells clients of sign-outs by a signed token',
  async (target, checks) => {
    const expected = 'a logout token is posted to the client when the person signs out'
    const client = Object.values(target.clients).find((one) => one?.backchannelLogoutUri !== undefined)
    const address = client?.backchannelLogoutUri
    if (client === undefined || address === undefined)
      return checks.skip(SENT, expected, 'no client with backchannel_logout_uri was given')
    await using listener = await startListener(address)
    const person = await signInAnew(target, client)
    if (!mustSucceed(checks, SENT, 'a person signs in at the client', person.flow)) return
    await signOut(target, person.browser, {
      id_token_hint: person.flow.idToken,
      post_logout_redirect_uri: client.postLogoutRedirectUri,
    })
    const path = new URL(address).pathname + new URL(address).search
    const request = await waitFor(target, listener, (one) => one.method === 'POST' && one.path === path)
    checks.must(SENT, expected, request !== undefined, request?.type)
    if (request === undefined) return
    const token = new URLSearchParams(request.body).get('logout_token')
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.type) && token !== null
    checks.must(SENT, 'it is sent as logout_token of a form', isForm, request.type)
    if (token === null) return

    const keys = (await target.get(await target.endpoint('jwks_uri'))).json
    const wanted = { issuer: target.issuer, clientId: client.clientId, keys, now: target.now(), nonce: undefined }
    const { rules, header, claims } = await readIdToken(token, wanted)
    const holds = (begin: string) => rules.some((rule) => rule.expected.startsWith(begin) && rule.holds)
    const { iss, aud, iat, exp, jti, sub, sid, events } = claims
    checks.must(
      'OpenID Connect Back-Channel Logout 1.0 section 2.6',
      'a published key verifies a logout token',
      holds('the signature'),
      header,
    )
    checks.must(
      'OpenID Connect Back-Channel Logout 1.0 section 2.6',
      'its algorithm is that of ID tokens',
      header.alg === person.flow.header.alg,
      header,
    )
    checks.must(CLAUSE, 'iss of a logout token is the issuer', iss === target.issuer, iss)
    checks.must(CLAUSE, 'aud of a logout token holds the client', holds('aud '), aud)
    const isTimely = holds('iat ') && typeof exp === 'number' && exp > target.now() && exp - Number(iat) <= AT_MOST_SECONDS
    checks.must(CLAUSE, 'a logout token was made just now, and ends soon', isTimely, { iat, exp, now: target.now() })
    checks.must(CLAUSE, 'a logout token has a number of its own: jti', typeof jti === 'string' && jti !== '', typeof jti)
    checks.must(CLAUSE, 'a logout token names the event', isObject(events) && isObject(events[EVENT]), events)
    checks.must(CLAUSE, 'a logout token has sub, sid or both', typeof sub === 'string' || typeof sid === 'string', { sub, sid })
    const { sub: person1, sid: session } = person.flow.claims
    const fits = (sub === undefined || sub === person1) && (sid === undefined || session === undefined || sid === session)
    checks.must(CLAUSE, 'sub and sid of a logout token are those of the ID token', fits, { sub, sid })
    checks.must(CLAUSE, 'a logout token has no nonce', claims.nonce === undefined, { nonce: claims.nonce })
    checks.should(
      CLAUSE,
      'typ of a logout token is logout+jwt',
      /^(application\/)?logout\+jwt$/i.test(String(header.typ)),
      header,
    )
  },
  { ids: ['oidcc-backchannel-rp-initiated-logout'] },
)
