import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

export default module(
  'issuer',
  'takes acr values',
  async (target, checks) => {
    const { acr_values_supported: supported } = await target.metadata()
    const wanted = Array.isArray(supported) && supported.length > 0 ? supported.slice(0, 2).map(String) : ['1', '2']
    const flow = await walkCodeFlow(target, { change: { acr_values: wanted.join(' ') } })
    if (!mustSucceed(checks, CLAUSE, 'acr_values makes no request fail', flow)) return
    const { acr } = flow.claims
    checks.should(CLAUSE, 'acr of the ID token says what was reached', typeof acr === 'string' && wanted.includes(acr), {
      acr,
      wanted,
    })
  },
  { ids: ['oidcc-ensure-request-with-acr-values-succeeds'], variants: ['form_post'] },
)
