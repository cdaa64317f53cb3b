import { module } from '../../conformance-module.ts'
import { askAs, isGranted, mustRefuse, needClient, textOf } from '../../issuer-stage/asking.ts'
import { newFamily, refreshWith, userinfoStatus } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 7009 section 2.1'

export default module('issuer', 'ends a family by revocation', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const url = await target.findEndpoint('revocation_endpoint')
  if (url === undefined) return checks.skip(CLAUSE, 'a revoked token brings nothing', 'the metadata names no revocation_endpoint')
  const narrow = (client.scope ?? '').split(' ').filter((one) => one === 'openid' || one === 'offline_access')
  for (const hint of [undefined, 'refresh_token', 'access_token', 'nonsense']) {
    // A token for userinfo, so that one can see whether it ends too.
    const change = narrow.length === 2 ? { scope: narrow.join(' '), resource: undefined } : {}
    const family = await newFamily(target, client, change)
    if (family === undefined) return checks.skip(CLAUSE, 'a revoked token brings nothing', 'the client gets no refresh token')
    const refreshed = await refreshWith(target, client, family.refresh)
    const latest = textOf(refreshed, 'refresh_token') ?? family.refresh
    const access = isGranted(refreshed) ? (textOf(refreshed, 'access_token') ?? '') : family.access
    const before = await userinfoStatus(target, access)
    const fields = { token: latest, ...(hint !== undefined && { token_type_hint: hint }) }
    const how = hint === undefined ? 'without a hint' : `with the hint ${hint}`
    const answer = await askAs(target, client, { url, fields })
    checks.must('RFC 7009 section 2.2', `a token is revoked ${how}: 200`, answer.status === 200, answer)
    mustRefuse(checks, CLAUSE, {
      expected: `and brings nothing any more, revoked ${how}`,
      answer: await refreshWith(target, client, latest),
      errors: ['invalid_grant'],
    })
    const again = await askAs(target, client, { url, fields })
    checks.must('RFC 7009 section 2.2', `to revoke it again is no error ${how}`, again.status === 200, again)
    if (before !== 200) continue
    const after = await userinfoStatus(target, access)
    checks.should(CLAUSE, `its access tokens end with it ${how}`, after === 401, after)
  }
})
