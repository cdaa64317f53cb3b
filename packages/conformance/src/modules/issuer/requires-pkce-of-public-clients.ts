import { findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'
import { inGroups, needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 9700 section 2.1.1; RFC 7636 section 4.4.1'
const HALF = 'abcdefghijklmnopqrstu' // 21 letters

export default module('issuer', 'requires PKCE of public clients', async (target, checks) => {
  const client = needClient(target, 'public')
  const spoiled = [
    ['without a challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['with a method but no challenge', { code_challenge: undefined }],
    ['with an empty challenge', { code_challenge: '' }],
    ['with a challenge and no method, which means plain,', { code_challenge_method: undefined }],
    ['with a challenge in the plain', { code_challenge_method: 'plain' }],
    ['with the method in small letters', { code_challenge_method: 's256' }],
    ['with a method that nobody knows', { code_challenge_method: 'S512' }],
    ['with a challenge of 42 letters', { code_challenge: HALF.repeat(2) }],
    ['with a challenge of 129 letters', { code_challenge: `${HALF.repeat(6)}abc` }],
    ['with a challenge of letters that no challenge has', { code_challenge: `${HALF.repeat(2)} +/=` }],
  ] as const
  const asked = await inGroups(spoiled, async ([, change]) =>
    target.get((await authorizationRequest(target, client, change)).url),
  )
  for (const [[what], answer] of asked) {
    const back = findRedirect(answer, client.redirectUri)
    const refused = back
      ? back.get('error') === 'invalid_request' && !back.has('code')
      : answer.status >= 400 && answer.status < 500
    checks.must(CLAUSE, `a request ${what} is an invalid_request`, refused, back?.get('error') ?? answer)
  }
})
