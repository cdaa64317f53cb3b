import { findBearerChallenge } from '../../bearer-challenge.ts'
import { module } from '../../conformance-module.ts'
import { describeAnswer, findStage, opensForGoodToken, present } from '../../local-issuer/mail-stage.ts'
import { describeChallenge } from '../../seen.ts'

export default module('resource-server', 'asks for the scope that is missing', async (target, checks) => {
  const clause = 'RFC 6750 section 3.1'
  const stage = await findStage(target, checks, clause)
  if (stage === undefined) return
  const { mailServer, bench } = stage
  if (mailServer.scope === undefined)
    return checks.skip(clause, 'a token without the scope is refused', 'mail_server.scope does not say which one is needed')
  if (!(await opensForGoodToken(target, checks, stage))) return
  const needed = mailServer.scope.split(' ')
  for (const [what, scope] of [
    ['no scope', undefined],
    ['another scope', 'profile'],
    ['a longer name', `${needed[0]}.All.Too`],
    ['the beginning of its name', needed[0]?.slice(0, -1)],
  ] as const) {
    const answer = await present(target, mailServer.url, bench.signed({ payload: { scope } }))
    const header = answer === 'closed' ? null : answer.headers.get('www-authenticate')
    const challenge = findBearerChallenge(header)
    const isRight = answer !== 'closed' && answer.status === 403 && challenge?.get('error') === 'insufficient_scope'
    checks.must(clause, `${what}: 403 insufficient_scope`, isRight, describeAnswer(answer))
    const asked = challenge?.get('scope')?.split(' ') ?? []
    checks.should(
      clause,
      `${what}: the challenge names the scope`,
      asked.some((one) => needed.includes(one)),
      answer === 'closed' ? answer : describeChallenge(answer),
    )
  }
})
