import { module } from '../../conformance-module.ts'
import { describeAnswer, findStage, isOpened, opensForGoodToken, present } from '../../local-issuer/mail-stage.ts'

/** Shown at once, each with a `kid` of its own. */
const STRANGERS = 40
/** Seconds after which a new key should be known, where nothing else was said. */
const PATIENCE = 60
const STEP = 5

export default module(
  'resource-server',
  'learns new keys of its issuer',
  async (target, checks) => {
    const stage = await findStage(target, checks, 'OpenID Connect Core section 10.1.1')
    if (stage === undefined || !(await opensForGoodToken(target, checks, stage))) return
    const { mailServer, issuer, bench } = stage
    const before = issuer.keySetReads()
    for (let number = 0; number < STRANGERS; number += 1)
      await present(target, mailServer.url, bench.signed({ header: { kid: `stranger-${number}` }, key: issuer.keys.attacker }))
    const reads = issuer.keySetReads() - before
    checks.must(
      'RFC 8725 section 2.5',
      `${STRANGERS} tokens with unknown keys make it ask for keys once at most`,
      reads <= 1,
      `${reads} times`,
    )

    const { next } = issuer.keys
    issuer.publish(next)
    const patience = mailServer.keySeconds?.newKey ?? PATIENCE
    const record = mailServer.keySeconds?.newKey === undefined ? checks.should : checks.must
    const fresh = () => bench.signed({ header: { kid: next.kid }, key: next })
    let answer = await present(target, mailServer.url, fresh())
    for (let waited = 0; waited < patience && !isOpened(answer); waited += STEP) {
      await target.wait(STEP * 1000, 'new keys to be read')
      answer = await present(target, mailServer.url, fresh())
    }
    const clause = 'OpenID Connect Core section 10.1.1'
    record(clause, `a new key of the issuer is known within ${patience} s`, isOpened(answer), describeAnswer(answer))
    await opensForGoodToken(target, checks, stage)
    issuer.withdraw(next)
  },
  { slow: true },
)
