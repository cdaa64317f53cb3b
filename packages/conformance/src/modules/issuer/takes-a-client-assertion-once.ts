import { randomUUID } from 'node:crypto'
import { ASSERTION_TYPE, signClientAssertion } from '../../client-authentication.ts'
import { module } from '../../conformance-module.ts'
import { needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import type { Answer } from '../../target.ts'

const CLAUSE = 'RFC 7523 section 3 (jti); CVE-2020-15222'
const TIMES = 20

/** A code that does not exist is asked for: whoever is believed hears of the code, whoever is not hears of the client. */
export default module('issuer', 'takes a client assertion once', async (target, checks) => {
  const client = needClient(target, 'keyed')
  const url = await target.endpoint('token_endpoint')
  const make = (claims = {}) => signClientAssertion(client, { audience: target.issuer, now: target.now(), claims })
  const ask = (assertion: string): Promise<Answer> =>
    target.post(url, [
      ['grant_type', 'authorization_code'],
      ['code', randomUUID()],
      ['redirect_uri', client.redirectUri],
      ['code_verifier', 'v'.repeat(43)],
      ['client_assertion_type', ASSERTION_TYPE],
      ['client_assertion', assertion],
    ])
  const isBelieved = (answer: Answer) => textOf(answer, 'error') === 'invalid_grant'
  const isTurnedAway = (answer: Answer) => answer.status === 401 && textOf(answer, 'error') === 'invalid_client'
  const jti = randomUUID()
  const once = make({ jti })
  const first = await ask(once)
  checks.must(CLAUSE, 'it is believed once', isBelieved(first), verdictOf(first))
  const second = await ask(once)
  checks.must(CLAUSE, 'the second time it is an invalid_client with status 401', isTurnedAway(second), verdictOf(second))
  const number = await ask(make({ jti, exp: target.now() + 50 }))
  checks.must(CLAUSE, 'so is another one with its number', isTurnedAway(number), verdictOf(number))

  const together = make()
  const answers = await Promise.all(Array.from({ length: TIMES }, () => ask(together)))
  const believed = answers.filter(isBelieved).length
  checks.must(CLAUSE, `of ${TIMES} at the same moment one is believed`, believed === 1, believed)
  const others = answers.filter((answer) => !isBelieved(answer))
  const odd = others.filter((answer) => !isTurnedAway(answer)).map(verdictOf)
  checks.must(CLAUSE, 'and the others hear invalid_client with status 401', odd.length === 0, odd.join(', ') || 'all of them')
})
