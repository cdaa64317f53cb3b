import { module } from '../../conformance-module.ts'
import { askUserinfo, describeTokens, mustSucceed, redeemCode, refuses, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'RFC 6749 section 4.1.2'

export default module(
  'issuer',
  'redeems a code once',
  async (target, checks) => {
    for (const [seconds, when] of [
      [0, 'at once'],
      [30, 'after half a minute'],
    ] as const) {
      const flow = await walkCodeFlow(target)
      if (!mustSucceed(checks, CLAUSE, `a code is redeemed, before it is shown again ${when}`, flow)) continue
      await target.wait(seconds * 1000, 'the second use of a code')
      const again = await redeemCode(target, flow.request, flow.code ?? '')
      checks.must(
        CLAUSE,
        `a code shown again ${when} gives no token`,
        again.json?.access_token === undefined,
        describeTokens(again),
      )
      checks.must(
        'RFC 6749 section 5.2',
        `a code shown again ${when} is invalid_grant`,
        refuses(again, 'invalid_grant'),
        describeTokens(again),
      )
      const { status } = await askUserinfo(target, flow.accessToken)
      checks.should(
        CLAUSE,
        `a code shown again ${when} ends the tokens that it gave`,
        status === 401,
        `userinfo answers ${status}`,
      )
    }
  },
  { ids: ['oidcc-codereuse', 'oidcc-codereuse-30seconds'], variants: ['form_post'], slow: true },
)
