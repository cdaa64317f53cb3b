import { randomUUID } from 'node:crypto'
import { ASSERTION_TYPE, authenticationOf, signClientAssertion } from '../../client-authentication.ts'
import { module } from '../../conformance-module.ts'
import { needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import type { Form } from '../../target.ts'

const CLAUSE = 'RFC 6749 section 3.2.1; RFC 9700 section 2.5'
const ERRORS = ['invalid_client', 'invalid_request', 'unauthorized_client']

interface Credentials {
  readonly form: Form
  readonly headers: Readonly<Record<string, string>>
}

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

export default module('issuer', 'asks confidential clients for proof everywhere', async (target, checks) => {
  const client = needClient(target, 'confidential')
  const name: readonly [string, string] = ['client_id', client.clientId]
  const method = authenticationOf(client)
  const byMethod = (secret: string): Credentials =>
    method === 'client_secret_post'
      ? { form: [name, ['client_secret', secret]], headers: {} }
      : { form: [], headers: { authorization: basic(client.clientId, secret) } }
  const { second, keyed } = target.clients
  const spoiled: readonly (readonly [string, Credentials | undefined])[] = [
    ['nothing', { form: [], headers: {} }],
    ['its name alone', { form: [name], headers: {} }],
    ['a wrong secret', byMethod(randomUUID())],
    ['an empty secret', byMethod('')],
    ["another client's secret", second?.secret === undefined ? undefined : byMethod(second.secret)],
    ['a broken header', { form: [name], headers: { authorization: 'Basic !!!' } }],
    ['a scheme that nobody knows', { form: [name], headers: { authorization: `Kit ${randomUUID()}` } }],
    [
      "another client's assertion",
      keyed?.privateKey === undefined
        ? undefined
        : {
            form: [
              name,
              ['client_assertion_type', ASSERTION_TYPE],
              ['client_assertion', signClientAssertion(keyed, { audience: target.issuer, now: target.now() })],
            ],
            headers: {},
          },
    ],
  ]
  const { client_id: _, ...pushed } = (await authorizationRequest(target, client)).parameters
  const code = {
    grant_type: 'authorization_code',
    code: randomUUID(),
    redirect_uri: client.redirectUri,
    code_verifier: 'v'.repeat(43),
  }
  const places: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['token_endpoint', code],
    ['pushed_authorization_request_endpoint', pushed],
    ['revocation_endpoint', { token: randomUUID() }],
    ['introspection_endpoint', { token: randomUUID() }],
    ['device_authorization_endpoint', { scope: client.scope ?? 'openid' }],
  ]
  for (const [place, fields] of places) {
    const url = await target.findEndpoint(place)
    if (url === undefined) {
      checks.skip(CLAUSE, `${place} asks for proof`, `the metadata names no ${place}`)
      continue
    }
    for (const [what, credentials] of spoiled) {
      if (credentials === undefined) continue
      const answer = await target.post(url, [...Object.entries(fields), ...credentials.form], credentials.headers)
      const refused = (answer.status === 400 || answer.status === 401) && ERRORS.includes(textOf(answer, 'error') ?? '')
      checks.must(CLAUSE, `${place} refuses a confidential client with ${what}`, refused, verdictOf(answer))
    }
    const proof = target.as(client)
    const answer = await target.post(url, [...Object.entries(fields), ...proof.form], proof.headers)
    const believed = answer.status < 500 && textOf(answer, 'error') !== 'invalid_client'
    checks.must(CLAUSE, `${place} believes its proof`, believed, verdictOf(answer))
  }
})
