import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

export default module(
  'issuer',
  'takes its own ID tokens as hints',
  async (target, checks) => {
    const first = await walkCodeFlow(target)
    if (!mustSucceed(checks, CLAUSE, 'a person signs in before the hint', first)) return
    const second = await walkCodeFlow(target, { change: { prompt: 'none', id_token_hint: first.idToken } })
    if (!mustSucceed(checks, CLAUSE, 'prompt=none with the ID token of who is signed in is answered with a code', second)) return
    const { sub } = second.claims
    checks.must(CLAUSE, 'the code is about the person of the hint', sub === first.claims.sub, { hint: first.claims.sub, is: sub })
  },
  { ids: ['oidcc-id-token-hint'], variants: ['form_post'] },
)
