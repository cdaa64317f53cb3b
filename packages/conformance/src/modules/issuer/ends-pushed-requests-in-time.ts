import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { follow, PAR, push } from '../../issuer-stage/pushed-request.ts'
import { describeAnswer } from '../../person/person-browser.ts'

const CLAUSE = 'RFC 9126 section 2.2'
const EXPECTED = 'a pushed request leads nowhere after its time'
const LONGEST_WAIT = 600

export default module(
  'issuer',
  'ends pushed requests in time',
  async (target, checks) => {
    const client = needClient(target, 'public', 'confidential')
    if ((await target.findEndpoint(PAR)) === undefined) return checks.skip(CLAUSE, EXPECTED, `the metadata names no ${PAR}`)
    const { answer, requestUri } = await push(target, client)
    const life = Number(answer.json?.expires_in)
    if (!(life > 0 && life <= LONGEST_WAIT)) return checks.skip(CLAUSE, EXPECTED, `it lives for ${life} seconds`)
    await target.wait((life + 5) * 1000)
    const late = await follow(target, client, requestUri)
    checks.must(CLAUSE, EXPECTED, late.code === undefined, describeAnswer(late))
  },
  { slow: true },
)
