import { module } from '../../conformance-module.ts'
import { askUserinfo, describeTokens, formOf, judgeIdToken, mustSucceed, refuses, walkCodeFlow } from '../../person/code-flow.ts'
import type { Answer, KnownClient, Target } from '../../target.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 12'

async function refresh(target: Target, client: KnownClient, token: string): Promise<Answer> {
  const proof = target.as(client)
  const fields = formOf({ grant_type: 'refresh_token', refresh_token: token })
  return target.post(await target.endpoint('token_endpoint'), [...fields, ...proof.form], proof.headers)
}

export default module(
  'issuer',
  'refreshes for the same person and client',
  async (target, checks) => {
    // Section 11: offline_access needs prompt=consent, or conditions that a stranger does not know.
    const flow = await walkCodeFlow(target, { change: { scope: 'openid offline_access', prompt: 'consent' } })
    if (!mustSucceed(checks, CLAUSE, 'scope offline_access leads to a code and a valid ID token', flow)) return
    const { refreshToken, request, accessToken } = flow
    const { scopes_supported: scopes } = await target.metadata()
    if (refreshToken === undefined && Array.isArray(scopes) && !scopes.includes('offline_access'))
      return checks.skip(CLAUSE, 'there is a refresh token', 'scopes_supported does not list offline_access')
    checks.must(
      'OpenID Connect Core 1.0 section 11',
      'scope offline_access gives a refresh token',
      refreshToken !== undefined,
      'none',
    )
    if (refreshToken === undefined) return

    const { second } = target.clients
    if (second === undefined) checks.skip('RFC 6749 section 10.4', 'another client cannot use it', 'clients.second was not given')
    else {
      const stolen = await refresh(target, second, refreshToken)
      checks.must(
        'RFC 6749 section 10.4',
        'another client cannot use it',
        refuses(stolen, 'invalid_grant'),
        describeTokens(stolen),
      )
    }
    const answer = await refresh(target, request.client, refreshToken)
    const { access_token: fresh, id_token: idToken } = answer.json ?? {}
    const isGiven = answer.status === 200 && typeof fresh === 'string'
    checks.must(CLAUSE, 'a refresh token gives a new access token', isGiven && fresh !== accessToken, describeTokens(answer))
    if (!isGiven) return
    const { json } = await askUserinfo(target, fresh)
    checks.must(CLAUSE, 'the new access token is about the same person', json?.sub === flow.claims.sub, json?.sub)
    if (typeof idToken !== 'string') return
    const nonce = flow.request.parameters.get('nonce')
    const { rules, claims } = await judgeIdToken(target, idToken, {
      clientId: request.client.clientId,
      nonce,
      accessToken: fresh,
    })
    // "it SHOULD NOT have a nonce Claim", and if it has one, the old one.
    const broken = rules.find(({ expected, holds }) => !holds && !(expected.startsWith('nonce ') && claims.nonce === undefined))
    checks.must(
      CLAUSE,
      'a new ID token is as valid as the first',
      broken === undefined,
      broken && { ...broken, clause: undefined },
    )
    for (const name of ['iss', 'sub', 'aud', 'azp', 'auth_time'] as const)
      checks.must(
        CLAUSE,
        `${name} of a new ID token is that of the first`,
        JSON.stringify(claims[name]) === JSON.stringify(flow.claims[name]) ||
          (name === 'auth_time' && claims[name] === undefined),
        { was: flow.claims[name], is: claims[name] },
      )
  },
  { ids: ['oidcc-refresh-token'], variants: ['form_post'] },
)
