import { module } from '../../conformance-module.ts'
import { findStage, opensForGoodToken } from '../../local-issuer/mail-stage.ts'
import { sendLines } from '../../local-issuer/several-lines.ts'

/** Two readers of one request must not see two tokens: a proxy would look at the first, a server at the last. */
export default module('resource-server', 'takes one authorization header', async (target, checks) => {
  const stage = await findStage(target, checks, 'RFC 9110 section 5.3')
  if (stage === undefined || !(await opensForGoodToken(target, checks, stage))) return
  const { url } = stage.mailServer
  const { good } = stage.bench
  const bad = 'no.good.token'
  for (const [what, lines] of [
    ['a good token, then a bad one', [good, bad]],
    ['a bad token, then a good one', [bad, good]],
    ['a good token twice', [good, good]],
  ] as const) {
    const values = lines.map((token) => `Bearer ${token}`)
    const status = await sendLines(url, values)
    checks.must('RFC 9110 section 5.3', `${what}, in two lines: opens nothing`, status >= 400 && status < 500, status)
    const joined = await target.get(url, { authorization: values.join(', ') })
    checks.must(
      'RFC 9110 section 11.6.2',
      `${what}, in one line: opens nothing`,
      joined.status >= 400 && joined.status < 500,
      joined,
    )
  }
})
