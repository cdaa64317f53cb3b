import { module } from '../../conformance-module.ts'
import { askAs, needClient } from '../../issuer-stage/asking.ts'
import { newTokens } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 7662 section 2.2; RFC 6749 section 5.1'
const LONGEST_WAIT = 4 * 3600

export default module(
  'issuer',
  'says only inactive of expired tokens',
  async (target, checks) => {
    const client = needClient(target, 'confidential', 'keyed')
    const url = await target.findEndpoint('introspection_endpoint')
    const expected = 'of an expired token it says {"active":false} and no more'
    if (url === undefined) return checks.skip(CLAUSE, expected, 'the metadata names no introspection_endpoint')
    const { access, answer } = await newTokens(target, client)
    const seconds = Number(answer.json?.expires_in)
    checks.should(
      CLAUSE,
      'an access token lives for hours at most',
      seconds > 0 && seconds <= LONGEST_WAIT,
      answer.json?.expires_in,
    )
    if (!(seconds > 0 && seconds <= LONGEST_WAIT)) return checks.skip(CLAUSE, expected, 'nobody waits that long')
    await target.wait((seconds + 5) * 1000, 'the end of an access token')
    const told = await askAs(target, client, { url, fields: { token: access } })
    const only = told.status === 200 && JSON.stringify(told.json) === '{"active":false}'
    checks.must(CLAUSE, expected, only, `${told.status} ${Object.keys(told.json ?? {})}`)
  },
  { slow: true },
)
