import { module } from '../../conformance-module.ts'
import { askAs, isGranted, needClient, needTwoClients, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { newFamily, refreshWith } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 7009 section 2.2'
const UNKNOWN: readonly (readonly [string, string])[] = [
  ['a letter', 'x'],
  ['what looks like a JWT', 'a.b.c'],
  ['a very long one', 'x'.repeat(6000)],
  ['one that is no ASCII', '\u{1F600}'],
]

export default module('issuer', 'tells nothing by revocation', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const url = await target.findEndpoint('revocation_endpoint')
  if (url === undefined)
    return checks.skip(CLAUSE, 'an unknown token is as good as revoked', 'the metadata names no revocation_endpoint')
  for (const [what, token] of UNKNOWN) {
    const answer = await askAs(target, client, { url, fields: { token } })
    checks.must(CLAUSE, `an unknown token is as good as revoked: ${what}`, answer.status === 200, answer)
  }
  const none = await askAs(target, client, { url, fields: {} })
  const refused = none.status === 400 && textOf(none, 'error') === 'invalid_request'
  checks.must('RFC 7009 section 2.2.1', 'a request without a token is an invalid_request', refused, verdictOf(none))

  const clause = 'RFC 7009 section 2.1'
  const [own, other] = needTwoClients(target)
  const family = await newFamily(target, own)
  if (family === undefined) return checks.skip(clause, 'nobody revokes the token of another', 'the client gets no refresh token')
  for (const token of [family.refresh, family.access]) {
    const answer = await askAs(target, other, { url, fields: { token } })
    checks.must(clause, 'another client hears 200 or 400', answer.status === 200 || answer.status === 400, answer)
  }
  const answer = await refreshWith(target, own, family.refresh)
  checks.must(clause, 'nobody revokes the token of another', isGranted(answer), verdictOf(answer))
})
