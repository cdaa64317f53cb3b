import { module } from '../../conformance-module.ts'
import { describeTokens, formOf, mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { startListener } from '../../person/listener.ts'
import {
  canServe,
  describeRegistration,
  findRegistration,
  forgetClient,
  isRefusal,
  makeClientKey,
  registerClient,
} from '../../person/registering.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 10.1.1'

export default module(
  'issuer',
  'reads keys of clients anew',
  async (target, checks) => {
    const expected = 'a client registers with an address of its keys'
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined || !canServe(target, checks, CLAUSE, expected)) return
    await using listener = await startListener()
    const serve = (published: string) => listener.serve('/keys.json', { type: 'application/json', body: published })
    const first = makeClientKey('first')
    const wish = {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid offline_access',
      jwks_uri: serve(first.published),
    }
    const made = await registerClient(target, endpoint, wish, first)
    if (isRefusal(made.answer)) {
      const { jwks_uri: _, ...others } = wish
      const byValue = await registerClient(target, endpoint, { ...others, jwks: JSON.parse(first.published) }, first)
      await forgetClient(target, byValue)
      if (byValue.client) return checks.skip(CLAUSE, expected, 'the issuer takes keys by value alone')
    }
    checks.must(
      'OpenID Connect Dynamic Client Registration 1.0 section 2',
      expected,
      made.client !== undefined,
      describeRegistration(made),
    )
    if (made.client === undefined) return
    const flow = await walkCodeFlow(target, {
      client: made.client,
      change: { scope: 'openid offline_access', prompt: 'consent' },
    })
    if (!mustSucceed(checks, CLAUSE, 'the client proves itself by a key of that address', flow)) return
    const second = makeClientKey('second')
    serve(second.published)
    const proof = target.as({ ...made.client, ...second })
    const fields = formOf({ grant_type: 'refresh_token', refresh_token: flow.refreshToken })
    const answer = await target.post(await target.endpoint('token_endpoint'), [...fields, ...proof.form], proof.headers)
    checks.must(CLAUSE, 'a key that came later is found when it is first used', answer.status === 200, describeTokens(answer))
    await forgetClient(target, made)
  },
  { ids: ['oidcc-registration-jwks-uri', 'oidcc-refresh-token-rp-key-rotation'] },
)
