import { module } from '../../conformance-module.ts'
import { isGranted, mustRefuse, needTwoClients, verdictOf } from '../../issuer-stage/asking.ts'
import { newFamily, refreshWith } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 6749 sections 6 and 10.4'

export default module('issuer', 'binds a refresh token to its client', async (target, checks) => {
  const [own, other] = needTwoClients(target)
  const family = await newFamily(target, own)
  if (family === undefined) return checks.skip(CLAUSE, 'another client gets nothing for it', 'the client gets no refresh token')
  mustRefuse(checks, CLAUSE, {
    expected: 'another client gets nothing for it',
    answer: await refreshWith(target, other, family.refresh),
    errors: ['invalid_grant', 'unauthorized_client'],
  })
  const answer = await refreshWith(target, own, family.refresh)
  checks.should(CLAUSE, 'and does not use it up for its own client', isGranted(answer), verdictOf(answer))
})
