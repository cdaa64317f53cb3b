import { module } from '../../conformance-module.ts'
import { needClient, verdictOf } from '../../issuer-stage/asking.ts'
import { authorizationRequest, authorize, newCode, redeem } from '../../issuer-stage/code-flow.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'

const CLAUSE = 'RFC 8707 section 2'
const STRANGER = 'https://stranger.example/'

export default module('issuer', 'gives tokens for known resources alone', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const known = client.resource
  if (known === undefined) return checks.skip(CLAUSE, 'an unknown resource is an invalid_target', 'the client names no resource')
  const variants: readonly (readonly [string, string])[] = [
    ['that nobody knows', STRANGER],
    ['with a path behind it', `${known.replace(/\/$/, '')}/more`],
    ['that begins like it', `${known.replace(/\/$/, '')}.stranger.example/`],
    ['with a fragment', `${known}#x`],
    ['that is no absolute address', 'mail'],
  ]
  for (const [what, resource] of variants) {
    const answer = await authorize(target, await authorizationRequest(target, client, { resource }))
    const error = parametersOf(answer).get('error')
    const refused = answer.code === undefined && (error === 'invalid_target' || (answer.kind === 'page' && answer.status >= 400))
    checks.must(CLAUSE, `a resource ${what} is an invalid_target`, refused, describeAnswer(answer))
  }
  const answer = await redeem(target, await newCode(target, client), { change: { resource: STRANGER } })
  const refused = answer.status === 400 && ['invalid_target', 'invalid_grant'].includes(String(answer.json?.error))
  checks.must('RFC 8707 section 2.2', 'a code for one resource is not exchanged for another', refused, verdictOf(answer))
})
