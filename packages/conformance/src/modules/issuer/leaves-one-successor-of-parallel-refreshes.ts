import { module } from '../../conformance-module.ts'
import { isGranted, needClient, textOf } from '../../issuer-stage/asking.ts'
import { newFamily, refreshWith } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 9700 section 4.14.2; CVE-2026-53517'
const TIMES = 20

export default module('issuer', 'leaves one successor of parallel refreshes', async (target, checks) => {
  const client = needClient(target, 'public')
  const family = await newFamily(target, client)
  const expected = `${TIMES} uses of a refresh token at the same moment leave one successor at most`
  if (family === undefined) return checks.skip(CLAUSE, expected, 'the client gets no refresh token')
  const answers = await Promise.all(Array.from({ length: TIMES }, () => refreshWith(target, client, family.refresh)))
  const successors = new Set(answers.filter(isGranted).flatMap((answer) => textOf(answer, 'refresh_token') ?? []))
  checks.must(CLAUSE, expected, successors.size <= 1 && !successors.has(family.refresh), successors.size)
  const granted = answers.filter(isGranted)
  const expectedOne = 'at least one of them is answered, and each answer has a refresh token'
  const bare = granted.filter((answer) => textOf(answer, 'refresh_token') === undefined).length
  checks.must(CLAUSE, expectedOne, granted.length > 0 && bare === 0, `${granted.length} answered, ${bare} without one`)
  const broken = answers.filter(({ status }) => status >= 500).length
  checks.must(
    'RFC 6749 section 5.2',
    'whoever is refused hears an error of the client, not of the server',
    broken === 0,
    `${broken} answers of 500 and above`,
  )
})
