import { module } from '../../conformance-module.ts'
import { isGranted, needClient, needTwoClients, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { redeem } from '../../issuer-stage/code-flow.ts'
import { follow, PAR, push } from '../../issuer-stage/pushed-request.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'

export default module('issuer', 'binds a pushed request to its client', async (target, checks) => {
  const clause = 'RFC 9126 section 2.2'
  if ((await target.findEndpoint(PAR)) === undefined)
    return checks.skip(clause, 'a pushed request belongs to its client', `the metadata names no ${PAR}`)
  const client = needClient(target, 'public', 'confidential')
  const added = {
    redirect_uri: 'https://stranger.example/landing',
    state: 'kit',
    scope: 'openid',
    code_challenge: 'A'.repeat(43),
  }
  const pushed = await push(target, client)
  const answer = await follow(target, client, pushed.requestUri, added)
  const told = parametersOf(answer)
  const changed = answer.kind === 'answered' && (answer.address.includes('stranger.example') || told.get('state') === 'kit')
  checks.must(
    'RFC 9126 section 4; RFC 9101 section 6.3',
    'what the browser adds changes nothing',
    !changed,
    describeAnswer(answer),
  )
  if (answer.code !== undefined) {
    const issued = {
      client,
      code: answer.code,
      verifier: pushed.verifier,
      redirectUri: client.redirectUri,
      resource: client.resource,
    }
    const redeemed = await redeem(target, issued)
    checks.must('RFC 9126 section 4', 'not even the challenge', isGranted(redeemed), verdictOf(redeemed))
  }
  const wrong: readonly (readonly [string, Readonly<Record<string, string | undefined>>])[] = [
    ['a foreign redirect address', { redirect_uri: 'https://stranger.example/landing' }],
    ['a response type that hands out tokens', { response_type: 'token' }],
    ['a request_uri inside', { request_uri: 'urn:example:kit' }],
  ]
  for (const [what, change] of wrong) {
    const refused = await push(target, client, change)
    const holds = refused.answer.status === 400 && textOf(refused.answer, 'error') !== undefined && refused.requestUri === ''
    checks.must('RFC 9126 section 2.1', `${what} is refused when it is pushed`, holds, verdictOf(refused.answer))
  }
  const [own, other] = needTwoClients(target)
  const { requestUri } = await push(target, own)
  const stolen = await follow(target, other, requestUri)
  checks.must(clause, 'another client gets no code by it', stolen.code === undefined, describeAnswer(stolen))
})
