import { module } from '../../conformance-module.ts'
import { openIdClient, requestCode } from '../../person/code-flow.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 6749 sections 3.1.1 and 4.1.2.1'

export default module(
  'issuer',
  'refuses requests without a response type',
  async (target, checks) => {
    const browser = await signedIn(target)
    const request = await requestCode(target, openIdClient(target), { response_type: undefined })
    const answer = await browser.open(request.url)
    const told = parametersOf(answer)
    checks.must(CLAUSE, 'a request without response_type gives no code', !told.has('code'), describeAnswer(answer))
    const isRefused =
      answer.kind === 'page'
        ? answer.status >= 400 && answer.status < 500
        : ['invalid_request', 'unsupported_response_type'].includes(told.get('error') ?? '') &&
          told.get('state') === request.parameters.get('state')
    checks.must(
      CLAUSE,
      'a request without response_type is answered with an error, and state as it was sent, or a page that says so',
      isRefused,
      describeAnswer(answer),
    )
  },
  { ids: ['oidcc-response-type-missing'], variants: ['form_post'] },
)
