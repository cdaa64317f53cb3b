import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { follow, PAR, push } from '../../issuer-stage/pushed-request.ts'
import { describeAnswer } from '../../person/person-browser.ts'

const CLAUSE = 'RFC 9126 section 2.2'
const EXPECTED = 'a pushed request leads nowhere after its time'
const LONGEST_LIFE = 600

export default module(
  'issuer',
  'ends pushed requests in time',
  async (target, checks) => {
    const client = needClient(target, 'public', 'confidential')
    if ((await target.findEndpoint(PAR)) === undefined) return checks.skip(CLAUSE, EXPECTED, `the metadata names no ${PAR}`)
    const { answer, requestUri } = await push(target, client)
    const life = Number(answer.json?.expires_in)
    const isLife = Number.isSafeInteger(answer.json?.expires_in) && life > 0
    checks.must(CLAUSE, 'expires_in is a number of whole seconds', isLife, answer.json?.expires_in ?? 'absent')
    checks.should(CLAUSE, 'a pushed request lives for minutes at most', life <= LONGEST_LIFE, answer.json?.expires_in ?? 'absent')
    if (!isLife) return checks.skip(CLAUSE, EXPECTED, 'nobody knows its time')
    await target.wait((life + 5) * 1000, 'the end of a pushed request')
    const late = await follow(target, client, requestUri)
    checks.must(CLAUSE, EXPECTED, late.code === undefined, describeAnswer(late))
  },
  { slow: true },
)
