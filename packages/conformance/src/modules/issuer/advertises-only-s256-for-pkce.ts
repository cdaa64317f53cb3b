import { module } from '../../conformance-module.ts'

export default module('issuer', 'advertises only S256 for PKCE', async (target, checks) => {
  const methods = (await target.metadata()).code_challenge_methods_supported
  const seen = Array.isArray(methods) ? methods : []
  checks.must(
    'RFC 8414 section 2; RFC 9700 section 2.1.1',
    'code_challenge_methods_supported lists S256',
    seen.includes('S256'),
    methods,
  )
  checks.must(
    'RFC 7636 section 7.2',
    'no other method is offered',
    seen.every((method) => method === 'S256'),
    methods,
  )
})
