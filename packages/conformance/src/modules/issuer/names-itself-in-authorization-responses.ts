import { authorizationUrl, codeRequest, findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'

export default module('issuer', 'names itself in authorization responses', async (target, checks) => {
  const metadata = await target.metadata()
  const advertised = metadata.authorization_response_iss_parameter_supported
  checks.must('RFC 9207 section 3', 'authorization_response_iss_parameter_supported is true', advertised === true, advertised)

  const clause = 'RFC 9207 section 2'
  const expected = 'an error that travels by redirect carries iss'
  if (!target.client) return checks.skip(clause, expected, 'clients.public was not given')
  // prompt=none without a session must end in an error by redirect (OpenID Connect Core 1.0 section 3.1.2.6).
  const request = codeRequest(target.client)
  const answer = await target.get(
    authorizationUrl(await target.endpoint('authorization_endpoint'), { ...request, prompt: 'none' }),
  )
  const redirect = findRedirect(answer, target.client.redirectUri)
  checks.must(
    clause,
    expected,
    redirect?.has('error') === true && redirect.get('iss') === target.issuer,
    redirect?.get('iss') ?? answer,
  )
  checks.must(
    'RFC 6749 section 4.1.2.1',
    'and the state of the request',
    redirect?.get('state') === request.state,
    redirect?.get('error') ?? answer,
  )
})
