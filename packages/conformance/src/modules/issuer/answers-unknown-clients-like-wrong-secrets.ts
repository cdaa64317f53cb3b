import { randomUUID } from 'node:crypto'
import { authenticationOf } from '../../client-authentication.ts'
import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'

const CLAUSE = 'RFC 6749 section 5.2; OWASP ASVS 5.0 6.3.8'

export default module('issuer', 'answers unknown clients like wrong secrets', async (target, checks) => {
  const client = needClient(target, 'confidential')
  const url = await target.endpoint('token_endpoint')
  const authentication = authenticationOf(client) === 'client_secret_post' ? 'client_secret_post' : 'client_secret_basic'
  const describe = async (clientId: string) => {
    const proof = target.as({ clientId, redirectUri: client.redirectUri, secret: randomUUID(), authentication })
    const fields = [
      ['grant_type', 'authorization_code'],
      ['code', 'x'],
      ['redirect_uri', client.redirectUri],
      ['code_verifier', 'v'.repeat(43)],
    ] as const
    const { status, body, headers } = await target.post(url, [...fields, ...proof.form], proof.headers)
    return {
      status,
      body: body.replaceAll(clientId, '[client]'),
      challenge: headers.get('www-authenticate'),
      type: headers.get('content-type'),
    }
  }
  const wrong = await describe(client.clientId)
  const unknown = await describe(randomUUID())
  for (const part of ['status', 'body', 'challenge', 'type'] as const)
    checks.must(
      CLAUSE,
      `${part} of the answer tells nobody which clients there are`,
      wrong[part] === unknown[part],
      `${wrong[part]} against ${unknown[part]}`,
    )
})
