import { module } from '../../conformance-module.ts'
import { isGranted, mustRefuse, needClient, verdictOf } from '../../issuer-stage/asking.ts'
import { newCode, readTokens, redeem, refreshWith } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 6749 section 4.1.2'
const TIMES = 20

export default module('issuer', 'redeems no code twice', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const issued = await newCode(target, client)
  const tokens = readTokens(client, await redeem(target, issued))
  mustRefuse(checks, CLAUSE, {
    expected: 'a code that was used brings nothing',
    answer: await redeem(target, issued),
    errors: ['invalid_grant'],
  })
  const ends = 'RFC 6749 section 4.1.2; RFC 6819 section 4.4.1.1'
  if (tokens.refresh === undefined) checks.skip(ends, 'what came of the code ends with its second use', 'no refresh token came')
  else {
    const answer = await refreshWith(target, client, tokens.refresh)
    checks.should(ends, 'what came of the code ends with its second use', !isGranted(answer), verdictOf(answer))
  }

  const together = await newCode(target, client)
  const answers = await Promise.all(Array.from({ length: TIMES }, () => redeem(target, together)))
  const granted = answers.filter(isGranted).length
  checks.must(CLAUSE, `of ${TIMES} requests at the same moment one gets tokens`, granted === 1, granted)
  const broken = answers.filter(({ status }) => status >= 500).length
  checks.must(
    'RFC 6749 section 5.2',
    'the others hear an error of the client, not of the server',
    broken === 0,
    `${broken} answers of 500 and above`,
  )
})
