import { module } from '../../conformance-module.ts'
import { askUserinfo, mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 5.5'

export default module(
  'issuer',
  'gives claims that are asked for by name',
  async (target, checks) => {
    const { claims_parameter_supported: supported } = await target.metadata()
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
    const flow = await walkCodeFlow(target, { change: { claims } })
    if (!mustSucceed(checks, CLAUSE, 'a request for an essential claim leads to a code', flow)) return
    const { json } = await askUserinfo(target, flow.accessToken)
    if (supported !== true) return checks.skip(CLAUSE, 'the claim is given', 'claims_parameter_supported is not true')
    checks.should(CLAUSE, 'userinfo gives the essential claim name', typeof json?.name === 'string', Object.keys(json ?? {}))
    const both = JSON.stringify({ id_token: { name: { essential: true }, auth_time: { essential: true } } })
    const second = await walkCodeFlow(target, { change: { claims: both } })
    if (!mustSucceed(checks, CLAUSE, 'a request for essential claims of the ID token leads to a code', second)) return
    const { auth_time: authTime, name } = second.claims
    checks.must(
      'OpenID Connect Core 1.0 section 2',
      'auth_time is there when it was asked for as essential',
      typeof authTime === 'number',
      authTime,
    )
    checks.should(CLAUSE, 'the ID token gives the essential claim name', typeof name === 'string', Object.keys(second.claims))
  },
  { ids: ['oidcc-claims-essential'], variants: ['form_post'] },
)
