import { module } from '../../conformance-module.ts'
import { outcomeOf, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

export default module(
  'issuer',
  'needs no nonce in the code flow',
  async (target, checks) => {
    const flow = await walkCodeFlow(target, { change: { nonce: undefined } })
    const { holds, seen } = outcomeOf({ rules: flow.rules.filter(({ expected }) => !expected.startsWith('nonce ')) })
    checks.must(CLAUSE, 'a request without nonce leads to a code and a valid ID token', holds, seen)
    if (holds) checks.must(CLAUSE, 'an ID token invents no nonce', flow.claims.nonce === undefined, { nonce: flow.claims.nonce })
  },
  { ids: ['oidcc-ensure-request-without-nonce-succeeds-for-code-flow'], variants: ['form_post'] },
)
