import { module } from '../../conformance-module.ts'
import { isGranted, mustRefuse, needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { newFamily, refreshWith } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 9700 section 4.14.2'
/** Seconds before each further try: some issuers give the same answer again for a while, for answers that got lost. */
const PAUSES = [0, 15, 50]

export default module(
  'issuer',
  'rotates refresh tokens of public clients',
  async (target, checks) => {
    const client = needClient(target, 'public')
    const family = await newFamily(target, client)
    if (family === undefined) return checks.skip(CLAUSE, 'a refresh token is used once', 'the client gets no refresh token')
    const first = await refreshWith(target, client, family.refresh)
    checks.must('RFC 6749 section 6', 'a refresh token brings tokens', isGranted(first), verdictOf(first))
    const second = textOf(first, 'refresh_token')
    const isNew = second !== undefined && second !== family.refresh
    checks.must(
      CLAUSE,
      'and a new refresh token with them',
      isNew,
      second === undefined ? 'none' : isNew ? 'a new one' : 'the same',
    )
    if (!isNew) return
    let again = await refreshWith(target, client, family.refresh)
    for (const seconds of PAUSES) {
      if (!isGranted(again) || textOf(again, 'refresh_token') !== second) break
      await target.wait(seconds * 1000, 'the time in which a lost answer may be repeated')
      again = await refreshWith(target, client, family.refresh)
    }
    mustRefuse(checks, CLAUSE, {
      expected: 'a used refresh token brings nothing, at the latest a minute later',
      answer: again,
      errors: ['invalid_grant'],
    })
    mustRefuse(checks, CLAUSE, {
      expected: 'and with it ends the one that followed it',
      answer: await refreshWith(target, client, second),
      errors: ['invalid_grant'],
    })
  },
  { slow: true },
)
