import { module } from '../../conformance-module.ts'
import { listed, needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest, authorize } from '../../issuer-stage/code-flow.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'

const CLAUSE = 'RFC 9207 section 2'

export default module('issuer', 'names itself beside every code', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const offered = await listed(target, 'response_modes_supported')
  for (const mode of ['query', 'form_post']) {
    const expected = `an answer by ${mode} carries code, state and iss`
    if (mode !== 'query' && !offered.includes(mode)) {
      checks.skip(CLAUSE, expected, `response_modes_supported does not list ${mode}`)
      continue
    }
    const request = await authorizationRequest(target, client, { response_mode: mode === 'query' ? undefined : mode })
    const answer = await authorize(target, request)
    const told = parametersOf(answer)
    const whole = answer.code !== undefined && told.get('state') === request.parameters.state && told.get('iss') === target.issuer
    checks.must(CLAUSE, expected, whole && answer.kind === 'answered' && answer.mode === mode, describeAnswer(answer))
  }
})
