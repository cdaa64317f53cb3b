import { module } from '../../conformance-module.ts'
import { mustRefuse, needClient } from '../../issuer-stage/asking.ts'
import { newCode, redeem } from '../../issuer-stage/code-flow.ts'

const TEN_MINUTES = 600_000

export default module(
  'issuer',
  'ends codes within ten minutes',
  async (target, checks) => {
    const client = needClient(target, 'public', 'confidential')
    const issued = await newCode(target, client)
    await target.wait(TEN_MINUTES + 5_000, 'the end of a code')
    mustRefuse(checks, 'RFC 6749 section 4.1.2', {
      expected: 'a code of ten minutes ago brings nothing',
      answer: await redeem(target, issued),
      errors: ['invalid_grant'],
    })
  },
  { slow: true },
)
