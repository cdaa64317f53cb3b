import { module } from '../../conformance-module.ts'
import { isGranted, mustRefuse, needClient, verdictOf } from '../../issuer-stage/asking.ts'
import { authorizationRequest, authorize, newCode, redeem } from '../../issuer-stage/code-flow.ts'
import { proofKey } from '../../person/proof-key.ts'

const CLAUSE = 'RFC 7636 section 4.6; RFC 9700 section 2.1.1'
const ERRORS = ['invalid_grant', 'invalid_request']

export default module('issuer', 'checks the code verifier', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const right = await redeem(target, await newCode(target, client))
  checks.must(CLAUSE, 'the right verifier brings tokens', isGranted(right), verdictOf(right))
  const spoiled: readonly (readonly [string, (verifier: string) => string | undefined])[] = [
    ['another verifier', () => proofKey().verifier],
    ['no verifier', () => undefined],
    ['an empty verifier', () => ''],
    ['a verifier without its last letter', (verifier) => verifier.slice(0, -1)],
    ['a verifier with a letter more', (verifier) => `${verifier}A`],
    ['a verifier of 129 letters', (verifier) => verifier.padEnd(129, 'A')],
    ['a verifier in capitals', (verifier) => verifier.toUpperCase()],
  ]
  for (const [what, spoil] of spoiled) {
    const issued = await newCode(target, client)
    const answer = await redeem(target, issued, { change: { code_verifier: spoil(issued.verifier) } })
    mustRefuse(checks, CLAUSE, { expected: `${what} brings nothing`, answer, errors: ERRORS })
  }
  const plain = proofKey()
  const asPlain = await newCode(target, client, { code_challenge: plain.challenge })
  const answer = await redeem(target, asPlain, { change: { code_verifier: plain.challenge } })
  mustRefuse(checks, CLAUSE, { expected: 'the challenge is no verifier', answer, errors: ERRORS })

  const clause = 'RFC 9700 section 4.8.2'
  const expected = 'a verifier for a code without a challenge brings nothing'
  const confidential = target.clients.confidential
  if (confidential === undefined) return checks.skip(clause, expected, 'clients.confidential was not given')
  const request = await authorizationRequest(target, confidential, {
    code_challenge: undefined,
    code_challenge_method: undefined,
  })
  const { code } = await authorize(target, request)
  if (code === undefined) return checks.must(clause, expected, true, 'no code is given without a challenge')
  const issued = {
    client: confidential,
    code,
    verifier: proofKey().verifier,
    redirectUri: confidential.redirectUri,
    resource: confidential.resource,
  }
  mustRefuse(checks, clause, { expected, answer: await redeem(target, issued), errors: ERRORS })
})
