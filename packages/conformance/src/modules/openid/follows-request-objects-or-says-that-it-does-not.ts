import { module } from '../../conformance-module.ts'
import { openIdClient, outcomeOf, requestCode, walkCodeFlow } from '../../person/code-flow.ts'
import { bareAddress, describeAnswer, parametersOf } from '../../person/person-browser.ts'
import { makeRequestObject } from '../../person/request-object.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 6.1'
const REFUSED = 'OpenID Connect Core 1.0 section 3.1.2.6'

/** Section 6.1: what stands in the object counts, whatever stands beside it. An issuer that knows none says so. */
export default module(
  'issuer',
  'follows request objects or says that it does not',
  async (target, checks) => {
    const client = openIdClient(target)
    const inside = { state: 'state-of-the-object', nonce: 'nonce-of-the-object' }
    const about = { iss: client.clientId, aud: target.issuer, client_id: client.clientId, response_type: 'code', scope: 'openid' }
    const object = makeRequestObject({ ...about, redirect_uri: client.redirectUri, ...inside })
    const { request_parameter_supported: supported, request_object_signing_alg_values_supported: algorithms } =
      await target.metadata()
    const takesUnsigned = supported === true && (!Array.isArray(algorithms) || algorithms.includes('none'))
    const foreign = `${client.redirectUri}/elsewhere`

    if (takesUnsigned) {
      const flow = await walkCodeFlow(target, { change: { request: object }, effective: inside })
      const { holds, seen } = outcomeOf(flow)
      checks.must(CLAUSE, 'state and nonce of a request object count before those beside it', holds, seen)
      const moved = await walkCodeFlow(target, {
        change: { request: object, redirect_uri: foreign },
        effective: { ...inside, redirect_uri: client.redirectUri },
      })
      const went = moved.answer.kind === 'answered' ? moved.answer.address : 'a page'
      checks.must(
        CLAUSE,
        'redirect_uri of a request object counts before the one beside it',
        went === bareAddress(client.redirectUri),
        went,
      )
      return
    }
    const browser = await signedIn(target)
    const answer = await browser.open((await requestCode(target, client, { request: object })).url)
    const told = parametersOf(answer)
    const error = told.get('error') ?? ''
    const isRefused =
      answer.kind === 'page'
        ? answer.status >= 400 && answer.status < 500
        : ['request_not_supported', 'invalid_request', 'invalid_request_object'].includes(error)
    checks.must(
      REFUSED,
      'a request object that is not supported is refused, not overlooked',
      isRefused && !told.has('code'),
      describeAnswer(answer),
    )
    if (supported !== true)
      checks.should(REFUSED, 'the error is request_not_supported', error === 'request_not_supported', describeAnswer(answer))
    const moved = await browser.open((await requestCode(target, client, { request: object, redirect_uri: foreign })).url)
    const isSent = moved.kind === 'answered' && moved.address === bareAddress(foreign)
    checks.must(REFUSED, 'beside a request object too nobody is sent to an unregistered address', !isSent, describeAnswer(moved))
  },
  {
    ids: [
      'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
      'oidcc-ensure-request-object-with-redirect-uri',
    ],
    variants: ['form_post'],
  },
)
