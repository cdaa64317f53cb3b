import { module } from '../../conformance-module.ts'
import { describeAnswer, findStage, isOpened, isRefused, present } from '../../local-issuer/mail-stage.ts'

/** m37: a key that somebody stole must stop to count, and nobody tells the mail server but the key set. */
export default module(
  'resource-server',
  'forgets keys that its issuer withdrew',
  async (target, checks) => {
    const clause = 'hostile tokens, m37'
    const expected = 'a withdrawn key counts no longer'
    const stage = await findStage(target, checks, clause)
    if (stage === undefined) return
    const { mailServer, issuer, bench } = stage
    const seconds = mailServer.keySeconds?.withdrawn
    if (seconds === undefined)
      return checks.skip(clause, expected, 'mail_server.key_seconds.withdrawn does not say how long it may count')
    const { withdrawn } = issuer.keys
    issuer.publish(withdrawn)
    const stolen = () => bench.signed({ header: { kid: withdrawn.kid }, key: withdrawn })
    const first = await present(target, mailServer.url, stolen())
    checks.must(clause, 'while it is published, the key counts', isOpened(first), describeAnswer(first))
    const remembered = stolen()
    await present(target, mailServer.url, remembered)
    issuer.withdraw(withdrawn)
    await target.wait((seconds + 1) * 1000, 'keys to be forgotten')
    for (const [what, token] of [
      ['a new token', stolen()],
      ['a token that it has seen', remembered],
    ] as const) {
      const answer = await present(target, mailServer.url, token)
      checks.must(clause, `${expected} after ${seconds} s: ${what}`, isRefused(answer, { token }), describeAnswer(answer))
    }
    const good = await present(target, mailServer.url, bench.good)
    checks.must(clause, 'the other keys go on counting', isOpened(good), describeAnswer(good))
    issuer.publish(withdrawn)
  },
  { slow: true },
)
