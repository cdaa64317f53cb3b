import { randomUUID } from 'node:crypto'
import { ASSERTION_TYPE, authenticationOf, signClientAssertion } from '../../client-authentication.ts'
import { module } from '../../conformance-module.ts'
import { needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import type { Form } from '../../target.ts'

const CLAUSE = 'RFC 7591 section 2 (token_endpoint_auth_method)'
const ERRORS = ['invalid_client', 'invalid_request']

export default module('issuer', 'takes only the registered proof of a client', async (target, checks) => {
  const client = needClient(target, 'confidential')
  const url = await target.endpoint('token_endpoint')
  const ask = (form: Form, headers: Readonly<Record<string, string>> = {}) =>
    target.post(
      url,
      [
        ['grant_type', 'authorization_code'],
        ['code', randomUUID()],
        ['redirect_uri', client.redirectUri],
        ['code_verifier', 'v'.repeat(43)],
        ...form,
      ],
      headers,
    )
  const refuse = async (clause: string, expected: string, form: Form, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await ask(form, headers)
    const refused = (answer.status === 400 || answer.status === 401) && ERRORS.includes(textOf(answer, 'error') ?? '')
    checks.must(clause, expected, refused, verdictOf(answer))
  }
  const believed = target.as(client)
  const right = await ask(believed.form, believed.headers)
  checks.must(CLAUSE, 'the registered way is believed', textOf(right, 'error') === 'invalid_grant', verdictOf(right))
  const { secret } = client
  const method = authenticationOf(client)
  if (secret !== undefined && (method === 'client_secret_basic' || method === 'client_secret_post')) {
    const [basic, post] = (['client_secret_basic', 'client_secret_post'] as const).map((authentication) =>
      target.as({ ...client, authentication }),
    )
    const other = method === 'client_secret_basic' ? post : basic
    if (other && basic && post) {
      await refuse(CLAUSE, 'the secret in the other way is not', other.form, other.headers)
      await refuse('RFC 6749 section 2.3', 'the secret in both ways at once is not', post.form, basic.headers)
    }
  }
  const { keyed } = target.clients
  if (keyed?.privateKey === undefined)
    return checks.skip(CLAUSE, 'a client with a key is not believed by a secret', 'clients.keyed was not given')
  const assertion = { audience: target.issuer, now: target.now() }
  const basic = `Basic ${Buffer.from(`${keyed.clientId}:${randomUUID()}`).toString('base64')}`
  await refuse(CLAUSE, 'a client with a key is not believed by a secret', [], { authorization: basic })
  await refuse(CLAUSE, 'nor by its name', [['client_id', keyed.clientId]])
  const form: Form = [
    ['client_assertion_type', ASSERTION_TYPE],
    ['client_assertion', signClientAssertion(keyed, assertion)],
  ]
  await refuse('RFC 6749 section 2.3', 'nor by an assertion and a secret at once', form, { authorization: basic })
})
