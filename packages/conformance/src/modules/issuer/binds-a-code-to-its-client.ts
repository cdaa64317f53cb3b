import { module } from '../../conformance-module.ts'
import { isGranted, mustRefuse, needTwoClients, verdictOf } from '../../issuer-stage/asking.ts'
import { newCode, redeem } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 6749 section 4.1.3'

export default module('issuer', 'binds a code to its client', async (target, checks) => {
  const [own, other] = needTwoClients(target)
  const tries = [
    ['with the redirect address of the code', {}],
    ['with its own redirect address', { redirect_uri: other.redirectUri }],
    ['with a verifier of its own', { code_verifier: 'v'.repeat(43) }],
  ] as const
  let issued = await newCode(target, own)
  for (const [how, change] of tries) {
    issued = await newCode(target, own)
    mustRefuse(checks, CLAUSE, {
      expected: `another client gets nothing for it ${how}`,
      answer: await redeem(target, issued, { as: other, change }),
      errors: ['invalid_grant', 'unauthorized_client'],
    })
  }
  const answer = await redeem(target, issued)
  checks.should(
    'RFC 6819 section 4.4.1.1; CVE-2026-55672',
    'and does not use it up for its own client',
    isGranted(answer),
    verdictOf(answer),
  )
})
