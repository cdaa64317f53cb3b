import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { describeRegistration, findRegistration, forgetClient, registerClient } from '../../person/registering.ts'

const CLAUSE = 'RFC 7591 section 3.2.1'

export default module('issuer', 'registers clients that then sign people in', async (target, checks) => {
  const expected = 'a client registers itself'
  const endpoint = await findRegistration(target, checks, CLAUSE, expected)
  if (endpoint === undefined) return
  const made = await registerClient(target, endpoint)
  checks.must(CLAUSE, expected, made.client !== undefined, describeRegistration(made))
  if (made.client === undefined) return
  const { client_secret: secret, client_secret_expires_at: ends } = made.answer.json ?? {}
  checks.must(CLAUSE, 'a registration is answered with 201', made.answer.status === 201, made.answer.status)
  checks.must(CLAUSE, 'the answer says when the secret ends', secret === undefined || typeof ends === 'number', {
    client_secret_expires_at: ends,
  })
  const flow = await walkCodeFlow(target, { client: made.client })
  mustSucceed(checks, 'OpenID Connect Core 1.0 section 3.1', 'a registered client signs a person in', flow)
  await forgetClient(target, made)
})
