import { module } from '../../conformance-module.ts'
import { openIdClient, outcomeOf, requestCode, walkCodeFlow } from '../../person/code-flow.ts'
import { isOnThisMachine, startListener } from '../../person/listener.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'
import { makeRequestObject } from '../../person/request-object.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 6.2'
const REFUSED = 'OpenID Connect Core 1.0 section 3.1.2.6'

/** `request_uri` of this kind makes an issuer fetch what a stranger names: those that do without say so. */
export default module(
  'issuer',
  'follows request addresses or says that it does not',
  async (target, checks) => {
    const client = openIdClient(target)
    const { request_uri_parameter_supported: supported, require_request_uri_registration: registered } = await target.metadata()
    await using listener = await startListener()
    const inside = { state: 'state-of-the-document', nonce: 'nonce-of-the-document' }
    const about = { iss: client.clientId, aud: target.issuer, client_id: client.clientId, response_type: 'code', scope: 'openid' }
    const body = makeRequestObject({ ...about, redirect_uri: client.redirectUri, ...inside })
    const address = listener.serve('/request.jwt', { type: 'application/oauth-authz-req+jwt', body })
    // Discovery section 3: true is what an issuer means that leaves the member out.
    if (supported !== false) {
      const expected = 'a request that an address names counts before the parameters beside it'
      if (registered === true) return checks.skip(CLAUSE, expected, 'the issuer takes registered addresses only')
      if (!isOnThisMachine(target.issuer)) return checks.skip(CLAUSE, expected, 'the issuer cannot fetch a document of the kit')
      const { holds, seen } = outcomeOf(await walkCodeFlow(target, { change: { request_uri: address }, effective: inside }))
      return checks.must(CLAUSE, expected, holds, seen)
    }
    const browser = await signedIn(target)
    const answer = await browser.open((await requestCode(target, client, { request_uri: address })).url)
    const told = parametersOf(answer)
    const error = told.get('error') ?? ''
    const isRefused =
      answer.kind === 'page'
        ? answer.status >= 400 && answer.status < 500
        : ['request_uri_not_supported', 'invalid_request', 'invalid_request_uri'].includes(error)
    checks.must(
      REFUSED,
      'a request address that is not supported is refused, not overlooked',
      isRefused && !told.has('code'),
      describeAnswer(answer),
    )
    checks.should(
      REFUSED,
      'the error is request_uri_not_supported',
      error === 'request_uri_not_supported',
      describeAnswer(answer),
    )
    checks.must(
      'RFC 9126 section 7.1',
      'an issuer that supports no request addresses fetches none',
      listener.received.length === 0,
      listener.received.length,
    )
  },
  { ids: ['oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported'], variants: ['form_post'] },
)
