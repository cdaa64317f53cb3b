import { type Checks, module } from '../../conformance-module.ts'
import { findStage, type Presented, present } from '../../local-issuer/mail-stage.ts'

const FORM = /^(\d+);reason="([^"\\]*)";error_category="([a-z_]+)"$/
/** The numbers whose category is known from captures. `insufficiant_claims` is written so. */
const CATEGORIES: ReadonlyMap<string, string> = new Map([
  ['2000001', 'invalid_token'],
  ['2000003', 'invalid_resource'],
  ['2000005', 'invalid_user'],
  ['2000008', 'invalid_grant'],
  ['2000020', 'insufficiant_claims'],
  ['4000000', 'oauth_not_available'],
])
const LONGEST = 500

function judge(checks: Checks, what: string, answer: Presented, token: string): void {
  const value = answer === 'closed' ? null : answer.headers.get('x-ms-diagnostics')
  if (value === null) {
    checks.skip('MS-XOAUTH: x-ms-diagnostics', `${what}: diagnostics`, 'the server writes none')
    return
  }
  const [, number = '', reason = '', category = ''] = FORM.exec(value) ?? []
  checks.must('MS-XOAUTH: x-ms-diagnostics', `${what}: number;reason="…";error_category="…"`, number !== '', value)
  const known = CATEGORIES.get(number)
  const agrees = known === undefined || known === category
  checks.must('MS-XOAUTH: x-ms-diagnostics', `${what}: the category is that of the number`, agrees, `${number} ${category}`)
  const [, payload = '', signature = ''] = token.split('.')
  const tells = [payload, signature].some((part) => part.length > 8 && reason.includes(part.slice(0, 12)))
  checks.must('MS-XOAUTH: x-ms-diagnostics', `${what}: nothing of the token stands in it`, !tells, value)
  checks.must('MS-XOAUTH: x-ms-diagnostics', `${what}: it is short`, value.length <= LONGEST, `${value.length} characters`)
}

export default module('resource-server', 'writes diagnostics as clients read them', async (target, checks) => {
  const stage = await findStage(target, checks, 'MS-XOAUTH: x-ms-diagnostics')
  if (stage === undefined) return
  const { bench, mailServer } = stage
  const now = target.now()
  for (const [what, token] of [
    ['for another server', bench.signed({ payload: { aud: 'https://other.example/' } })],
    ['expired', bench.signed({ payload: { iat: now - 7200, nbf: now - 7200, exp: now - 3600 } })],
    ['a broken signature', `${bench.good.slice(0, -6)}AAAAAA`],
    ['no token at all', 'nothing.that-could-be.a-good-token'],
  ] as const)
    judge(checks, what, await present(target, mailServer.url, token), token)
})
