import { findBearerChallenge } from '../../bearer-challenge.ts'
import { type Checks, module } from '../../conformance-module.ts'
import { describeAnswer, findStage, isOpened, present } from '../../local-issuer/mail-stage.ts'
import type { Target } from '../../target.ts'

interface Ask {
  readonly url: string
  readonly name: 'acr_values' | 'max_age'
  readonly value: string
  readonly good: string
  readonly weak: string
}

/** RFC 9470 section 3, or the claims challenge that Exchange-like servers send. */
async function tryOne(target: Target, checks: Checks, { url, name, value, good, weak }: Ask): Promise<void> {
  const opened = await present(target, url, good)
  checks.must('RFC 9470 section 3', `${name}: enough opens the address`, isOpened(opened), describeAnswer(opened))
  const answer = await present(target, url, weak)
  const challenge = answer === 'closed' ? undefined : findBearerChallenge(answer.headers.get('www-authenticate'))
  const error = challenge?.get('error') ?? ''
  const isRight =
    answer !== 'closed' && answer.status === 401 && ['insufficient_user_authentication', 'insufficient_claims'].includes(error)
  checks.must('RFC 9470 section 3', `${name}: too little is 401 with the error of its own`, isRight, describeAnswer(answer))
  const asked = challenge?.get(name)?.split(' ') ?? []
  const names = asked.includes(value) || challenge?.has('claims') === true
  checks.should('RFC 9470 section 3', `${name}: the challenge says what is enough`, names, [...(challenge?.entries() ?? [])])
}

export default module('resource-server', 'asks for a stronger sign-in', async (target, checks) => {
  const clause = 'RFC 9470 section 3'
  const stage = await findStage(target, checks, clause)
  if (stage === undefined) return
  const { bench, mailServer } = stage
  const { assurance, recentSignIn } = mailServer.demands ?? {}
  const now = target.now()
  if (assurance === undefined) checks.skip(clause, 'a weak sign-in is refused', 'mail_server.demands.assurance was not given')
  else {
    const good = bench.signed({ payload: { acr: assurance.acr } })
    const weak = bench.signed({ payload: { acr: '0' } })
    await tryOne(target, checks, { url: assurance.url, name: 'acr_values', value: assurance.acr, good, weak })
  }
  if (recentSignIn === undefined)
    return checks.skip(clause, 'an old sign-in is refused', 'mail_server.demands.recent_sign_in was not given')
  const { url, maxAgeSeconds } = recentSignIn
  const good = bench.signed({ payload: { auth_time: now - 1 } })
  const weak = bench.signed({ payload: { auth_time: now - maxAgeSeconds - 400 } })
  await tryOne(target, checks, { url, name: 'max_age', value: String(maxAgeSeconds), good, weak })
})
