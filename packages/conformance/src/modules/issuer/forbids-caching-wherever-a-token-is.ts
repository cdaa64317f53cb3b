import { module } from '../../conformance-module.ts'
import { askAs, needClient } from '../../issuer-stage/asking.ts'
import { newTokens } from '../../issuer-stage/code-flow.ts'
import type { Answer } from '../../target.ts'

export default module('issuer', 'forbids caching wherever a token is', async (target, checks) => {
  const client = needClient(target, 'confidential', 'public')
  const judge = (clause: string, expected: string, answer: Answer) => {
    const said = answer.headers.get('cache-control') ?? ''
    checks.must(clause, expected, /(^|,)\s*no-store\b/i.test(said), said || 'no Cache-Control')
  }
  const { answer, access } = await newTokens(target, client, { scope: 'openid', resource: undefined })
  judge('RFC 6749 section 5.1', 'an answer with tokens says no-store', answer)
  const userinfo = await target.findEndpoint('userinfo_endpoint')
  if (userinfo !== undefined)
    judge(
      'OpenID Connect Core 1.0 section 5.3',
      'so does userinfo',
      await target.get(userinfo, { authorization: `Bearer ${access}` }),
    )
  const introspection = await target.findEndpoint('introspection_endpoint')
  if (introspection !== undefined && client === target.clients.confidential)
    judge(
      'RFC 7662 section 2.2',
      'so does introspection',
      await askAs(target, client, { url: introspection, fields: { token: access } }),
    )
})
