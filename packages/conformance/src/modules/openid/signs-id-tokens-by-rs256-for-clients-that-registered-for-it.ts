import { module } from '../../conformance-module.ts'
import { outcomeOf, walkCodeFlow } from '../../person/code-flow.ts'
import { describeRegistration, findRegistration, forgetClient, registerClient } from '../../person/registering.ts'

const CLAUSE = 'OpenID Connect Dynamic Client Registration 1.0 section 2'

export default module(
  'issuer',
  'signs ID tokens by RS256 for clients that registered for it',
  async (target, checks) => {
    const expected = 'a client registers for RS256'
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined) return
    const made = await registerClient(target, endpoint, { id_token_signed_response_alg: 'RS256' })
    checks.must(CLAUSE, expected, made.client !== undefined, describeRegistration(made))
    if (made.client === undefined) return
    const flow = await walkCodeFlow(target, { client: made.client })
    checks.must(CLAUSE, 'its ID tokens are signed by RS256', flow.header.alg === 'RS256' && outcomeOf(flow).holds, flow.header)
    await forgetClient(target, made)
  },
  { ids: ['oidcc-idtoken-rs256'] },
)
