import { module } from '../../conformance-module.ts'
import { hostileTokens } from '../../hostile-tokens/access-tokens.ts'
import { describeAnswer, findStage, isOpened, present } from '../../local-issuer/mail-stage.ts'

/** The good token, and the two spellings of `typ` that are as right (RFC 7515 section 4.1.9, RFC 9068 section 4). */
export default module('resource-server', 'opens for every good token of its issuer', async (target, checks) => {
  const stage = await findStage(target, checks, 'RFC 9068 section 4')
  if (stage === undefined) return
  for (const { id, title, make } of hostileTokens(stage.bench.scene).filter(({ expects }) => expects === 'accepted')) {
    const answer = await present(target, stage.mailServer.url, make())
    // RS256 is the one algorithm that RFC 9068 section 2.1 demands.
    const record = id === 'good-es256' ? checks.should : checks.must
    record('RFC 9068 section 4', `${title}: opens the address`, isOpened(answer), describeAnswer(answer))
  }
})
