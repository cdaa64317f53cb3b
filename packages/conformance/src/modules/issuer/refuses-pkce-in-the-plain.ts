import { authorizationUrl, codeRequest, findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'

const CLAUSE = 'RFC 9700 section 2.1.1; RFC 7636 section 4.4.1'

export default module('issuer', 'refuses PKCE in the plain', async (target, checks) => {
  if (!target.client) return checks.skip(CLAUSE, 'code_challenge_method=plain is refused', 'clients.public was not given')
  const endpoint = await target.endpoint('authorization_endpoint')
  const request = { ...codeRequest(target.client), code_challenge_method: 'plain' }
  const answer = await target.get(authorizationUrl(endpoint, request))
  const redirect = findRedirect(answer, target.client.redirectUri)
  const refused = redirect ? redirect.get('error') === 'invalid_request' : answer.status >= 400
  checks.must(CLAUSE, 'code_challenge_method=plain is refused', refused, redirect?.get('error') ?? answer)
})
