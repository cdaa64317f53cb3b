import { module } from '../../conformance-module.ts'
import { hostileActorTokens } from '../../hostile-tokens/actor-tokens.ts'
import { findActingStage, presentPair } from '../../local-issuer/acting-stage.ts'
import { describeAnswer, isOpened } from '../../local-issuer/mail-stage.ts'

/** The good pair, and A16: host names have no letter case (MS-XOAUTH section 3.2.5.6). */
export default module('resource-server', 'takes a pair of tokens of an acting server', async (target, checks) => {
  const stage = await findActingStage(target, checks, 'MS-XOAUTH section 3.2.5.6')
  if (stage === undefined) return
  const { acting, bench } = stage
  for (const { id, title, make } of hostileActorTokens(bench.scene).filter(({ expects }) => expects === 'accepted')) {
    const answer = await presentPair(target, acting, { url: acting.url, token: make() })
    checks.must(`MS-XOAUTH section 3.2.5.6 (${id})`, `${title}: opens the address`, isOpened(answer), describeAnswer(answer))
  }
})
