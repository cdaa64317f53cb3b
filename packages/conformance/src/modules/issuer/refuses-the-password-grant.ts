import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'

const CLAUSE = 'RFC 9700 section 2.4'
const REFUSALS = ['unsupported_grant_type', 'unauthorized_client', 'invalid_client']

export default module('issuer', 'refuses the password grant', async (target, checks) => {
  const grants = (await target.metadata()).grant_types_supported
  checks.must(
    CLAUSE,
    'grant_types_supported does not list password',
    !(Array.isArray(grants) && grants.includes('password')),
    grants,
  )
  const answer = await target.post(await target.endpoint('token_endpoint'), [
    ['grant_type', 'password'],
    ['client_id', target.client?.clientId ?? randomUUID()],
    ['username', 'nobody@example.com'],
    ['password', randomUUID()],
  ])
  const error = answer.json?.error
  checks.must(
    CLAUSE,
    'the request is refused for its grant or its client, never judged by the password',
    REFUSALS.includes(String(error)),
    error ?? answer,
  )
  checks.must('RFC 6749 section 5.2', 'the refusal is a 400 or 401', answer.status === 400 || answer.status === 401, answer)
})
