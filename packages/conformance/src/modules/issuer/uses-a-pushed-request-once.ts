import { module } from '../../conformance-module.ts'
import { needClient, verdictOf } from '../../issuer-stage/asking.ts'
import { follow, PAR, push } from '../../issuer-stage/pushed-request.ts'
import { describeAnswer } from '../../person/person-browser.ts'

const TIMES = 10

export default module('issuer', 'uses a pushed request once', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  if ((await target.findEndpoint(PAR)) === undefined)
    return checks.skip('RFC 9126 section 2', 'a request can be pushed', `the metadata names no ${PAR}`)
  const pushed = await push(target, client)
  checks.must(
    'RFC 9126 section 2.2',
    'a pushed request is answered with 201',
    pushed.answer.status === 201,
    verdictOf(pushed.answer),
  )
  const life = Number(pushed.answer.json?.expires_in)
  checks.must(
    'RFC 9126 section 2.2',
    'expires_in is a positive whole number',
    Number.isInteger(life) && life > 0,
    pushed.answer.json?.expires_in,
  )
  checks.should('RFC 9126 section 2.2', 'and ten minutes at most', life <= 600, life)
  checks.must('RFC 9126 section 2.2', 'request_uri is a URI', URL.canParse(pushed.requestUri), pushed.requestUri.slice(0, 40))
  const first = await follow(target, client, pushed.requestUri)
  checks.must('RFC 9126 section 4', 'it leads to a code', first.code !== undefined, describeAnswer(first))
  const second = await follow(target, client, pushed.requestUri)
  checks.should('RFC 9126 sections 4 and 7.3', 'and to none the second time', second.code === undefined, describeAnswer(second))

  const { requestUri } = await push(target, client)
  const answers = await Promise.all(Array.from({ length: TIMES }, () => follow(target, client, requestUri)))
  const codes = answers.filter(({ code }) => code !== undefined).length
  checks.should('RFC 9126 section 7.3', `followed ${TIMES} times at the same moment it leads to one code`, codes === 1, codes)
  const broken = answers.filter((answer) => answer.kind === 'page' && answer.status >= 500).length
  checks.must('RFC 9126 section 4', 'and no answer is an error of the server', broken === 0, `${broken} answers of 500 and above`)
})
