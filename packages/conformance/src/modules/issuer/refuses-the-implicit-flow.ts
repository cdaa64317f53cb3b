import { authorizationUrl, codeRequest, findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'

const CLAUSE = 'RFC 9700 section 2.1.2'

export default module('issuer', 'refuses the implicit flow', async (target, checks) => {
  const metadata = await target.metadata()
  const types = metadata.response_types_supported
  const offered = (Array.isArray(types) ? types : []).filter((type) => String(type).split(' ').includes('token'))
  checks.must(CLAUSE, 'no response type hands out an access token', offered.length === 0, types)
  const grants = metadata.grant_types_supported
  // Absent means ["authorization_code", "implicit"] by RFC 8414 section 2.
  checks.must(
    CLAUSE,
    'grant_types_supported is given and does not list implicit',
    Array.isArray(grants) && !grants.includes('implicit'),
    grants,
  )

  if (!target.client) return checks.skip(CLAUSE, 'response_type=token is refused', 'clients.public was not given')
  const endpoint = await target.endpoint('authorization_endpoint')
  for (const type of ['token', 'id_token token', 'code token']) {
    const answer = await target.get(authorizationUrl(endpoint, { ...codeRequest(target.client), response_type: type }))
    const redirect = findRedirect(answer, target.client.redirectUri)
    const refused = redirect ? redirect.has('error') && !redirect.has('access_token') : answer.status >= 400
    checks.must(CLAUSE, `response_type=${type} is refused`, refused, redirect?.get('error') ?? answer)
  }
})
