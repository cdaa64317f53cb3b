import { findBearerChallenge } from '../../bearer-challenge.ts'
import { module } from '../../conformance-module.ts'

export default module('resource-server', 'challenges an empty Bearer without an error', async (target, checks) => {
  const { resource } = target
  if (!resource) return checks.skip('RFC 6750 section 3', 'a request without a token is challenged', 'no --resource was given')
  for (const [what, headers] of [
    ['no Authorization', {}],
    ['an empty Bearer', { authorization: 'Bearer' }],
  ] as const) {
    const answer = await target.get(resource.url, headers)
    const header = answer.headers.get('www-authenticate')
    const challenge = findBearerChallenge(header)
    checks.must('RFC 9110 section 15.5.2', `${what} is answered 401`, answer.status === 401, answer.status)
    checks.must('RFC 6750 section 3', `${what} gets a Bearer challenge`, challenge !== undefined, header ?? 'no WWW-Authenticate')
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
      header ?? 'none',
    )
  }
})
