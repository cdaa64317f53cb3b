import { module } from '../../conformance-module.ts'
import { describeAnswer, findServerStage, isRefusal, mustBeRefused } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 15; RFC 7523 section 3'
const AT_ONCE = 10

export default module('server-to-server', 'takes an assertion once', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const assertion = stage.assertion()
  const first = await stage.ask({ assertion })
  checks.must(CLAUSE, 'a numbered assertion is accepted', first.status === 200, describeAnswer(first))
  const errors = ['invalid_client', 'invalid_grant']
  mustBeRefused(checks, CLAUSE, { what: 'the same assertion again', answer: await stage.ask({ assertion }), errors })
  const elsewhere = await stage.ask({ assertion }, await target.endpoint('token_endpoint'))
  mustBeRefused(checks, CLAUSE, { what: 'the same assertion at the other endpoint', answer: elsewhere, errors })
  const claims = stage.claims()
  await stage.ask({ assertion: stage.assertion(claims) })
  const resigned = await stage.ask({ assertion: stage.assertion({ ...claims, iat: stage.now() }) })
  mustBeRefused(checks, CLAUSE, { what: 'the same number in another assertion', answer: resigned, errors })

  const contested = stage.assertion()
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => stage.ask({ assertion: contested })))
  const given = answers.filter(({ status }) => status === 200)
  checks.must(CLAUSE, `of ${AT_ONCE} at once exactly one succeeds`, given.length === 1, given.length)
  const losers = answers.filter(({ status }) => status !== 200)
  checks.must(CLAUSE, 'the others are refused', losers.every(isRefusal), [...new Set(losers.map(describeAnswer))])
})
