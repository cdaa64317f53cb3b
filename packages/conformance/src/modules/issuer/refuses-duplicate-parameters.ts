import { randomUUID } from 'node:crypto'
import { authorizationUrl, codeRequest, findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'

export default module('issuer', 'refuses duplicate parameters', async (target, checks) => {
  const clientId = target.client?.clientId ?? randomUUID()
  const answer = await target.post(await target.endpoint('token_endpoint'), [
    ['grant_type', 'authorization_code'],
    ['grant_type', 'authorization_code'],
    ['client_id', clientId],
    ['code', randomUUID()],
    ['redirect_uri', target.client?.redirectUri ?? 'https://client.example/'],
    ['code_verifier', 'v'.repeat(43)],
  ])
  checks.must(
    'RFC 6749 section 3.2',
    'a token request with two grant_type is an invalid_request',
    answer.status === 400 && answer.json?.error === 'invalid_request',
    answer.json?.error ?? answer.status,
  )

  const clause = 'RFC 6749 section 3.1'
  if (!target.client) return checks.skip(clause, 'an authorization request with two scope is refused', 'no --client was given')
  const url = authorizationUrl(await target.endpoint('authorization_endpoint'), codeRequest(target.client))
  const asked = await target.get(`${url}&scope=profile`)
  const redirect = findRedirect(asked, target.client.redirectUri)
  const refused = redirect ? redirect.get('error') === 'invalid_request' : asked.status >= 400
  checks.must(clause, 'an authorization request with two scope is refused', refused, redirect?.get('error') ?? asked.status)
})
