import { authenticationOf } from '../../client-authentication.ts'
import { module } from '../../conformance-module.ts'
import { describeTokens, mustSucceed, refuses, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 9'

export default module(
  'issuer',
  'takes secrets in the form',
  async (target, checks) => {
    const known = [target.clients.confidential, target.clients.second, target.clients.keyed]
    const client = known.find((one) => one !== undefined && authenticationOf(one) === 'client_secret_post')
    const expected = 'a client that is registered for client_secret_post redeems its code'
    if (client === undefined) return checks.skip(CLAUSE, expected, 'no client with authentication client_secret_post was given')
    const flow = await walkCodeFlow(target, { client })
    if (!mustSucceed(checks, CLAUSE, expected, flow)) return
    const other = await walkCodeFlow(target, { client: { ...client, secret: `${client.secret}x` } })
    const { tokens } = other
    const seen = tokens === undefined ? 'no code' : describeTokens(tokens)
    checks.must(
      'RFC 6749 section 5.2',
      'with a wrong secret it does not',
      tokens !== undefined && refuses(tokens, 'invalid_client'),
      seen,
    )
  },
  { ids: ['oidcc-server-client-secret-post'], variants: ['form_post'] },
)
