import { module } from '../../conformance-module.ts'
import { ConformanceError } from '../../errors.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 9700 section 4.12'

/** A browser that is told 307 or 308 posts the password again, to wherever the redirect leads. */
export default module('issuer', 'sends credentials on to nobody', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  if (target.person === undefined) throw new ConformanceError('not_given', 'person was not given')
  const browser = freshBrowser(target)
  const answer = await browser.authorize((await authorizationRequest(target, client)).url)
  checks.must('RFC 6749 section 4.1.2', 'a sign-in leads to a code', parametersOf(answer).has('code'), describeAnswer(answer))
  const statuses = browser.trail.map(({ status }) => status)
  checks.must(CLAUSE, 'no redirect on the way is a 307 or 308', !statuses.some((one) => one === 307 || one === 308), statuses)
})
