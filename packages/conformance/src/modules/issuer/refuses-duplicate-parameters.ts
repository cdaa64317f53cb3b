import { randomUUID } from 'node:crypto'
import { authorizationUrl, codeRequest, findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'

const ASKED = ['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'nonce', 'code_challenge'] as const

export default module('issuer', 'refuses duplicate parameters', async (target, checks) => {
  const fields = {
    grant_type: 'authorization_code',
    client_id: target.client?.clientId ?? randomUUID(),
    code: randomUUID(),
    redirect_uri: target.client?.redirectUri ?? 'https://client.example/',
    code_verifier: 'v'.repeat(43),
  }
  for (const [name, value] of Object.entries(fields)) {
    const answer = await target.post(await target.endpoint('token_endpoint'), [...Object.entries(fields), [name, value]])
    checks.must(
      'RFC 6749 section 3.2',
      `a token request with two ${name} is an invalid_request`,
      answer.status === 400 && answer.json?.error === 'invalid_request',
      answer.json?.error ?? answer,
    )
  }

  const clause = 'RFC 6749 section 3.1'
  if (!target.client)
    return checks.skip(clause, 'an authorization request with two scope is refused', 'clients.public was not given')
  const request = codeRequest(target.client)
  const url = authorizationUrl(await target.endpoint('authorization_endpoint'), request)
  for (const name of ASKED) {
    const asked = await target.get(`${url}&${new URLSearchParams({ [name]: request[name] })}`)
    const redirect = findRedirect(asked, target.client.redirectUri)
    const refused = redirect ? redirect.get('error') === 'invalid_request' : asked.status >= 400 && asked.status < 500
    checks.must(clause, `an authorization request with two ${name} is refused`, refused, redirect?.get('error') ?? asked)
  }
})
