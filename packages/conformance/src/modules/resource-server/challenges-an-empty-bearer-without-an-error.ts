import { findBearerChallenge } from '../../bearer-challenge.ts'
import { module } from '../../conformance-module.ts'
import { describeAnswer } from '../../local-issuer/mail-stage.ts'
import { findGuarded } from '../../presented-token.ts'
import { describeChallenge } from '../../seen.ts'

export default module('resource-server', 'challenges an empty Bearer without an error', async (target, checks) => {
  const about = { clause: 'RFC 6750 section 3', expected: 'a request without a token is challenged', needsToken: false }
  const guarded = await findGuarded(target, checks, about)
  if (guarded === undefined) return
  for (const [what, headers] of [
    ['no Authorization', {}],
    ['an empty Bearer', { authorization: 'Bearer' }],
  ] as const) {
    const answer = await target.get(guarded.url, headers)
    const header = answer.headers.get('www-authenticate')
    const challenge = findBearerChallenge(header)
    checks.must('RFC 9110 section 15.5.2', `${what} is answered 401`, answer.status === 401, describeAnswer(answer))
    checks.must('RFC 6750 section 3', `${what} gets a Bearer challenge`, challenge !== undefined, describeChallenge(answer))
    // "the resource server SHOULD NOT include an error code" when the request lacks any authentication information
    checks.must(
      'RFC 6750 section 3.1',
      `${what} is not called an error`,
      challenge?.has('error') !== true,
      challenge?.get('error') ?? 'no error',
    )
    checks.should(
      'RFC 9728 section 5.1',
      `${what} learns where the metadata is`,
      challenge?.has('resource_metadata') === true,
      describeChallenge(answer),
    )
  }
})
