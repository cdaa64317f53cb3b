import { module } from '../../conformance-module.ts'
import { isGranted, needClient, verdictOf } from '../../issuer-stage/asking.ts'
import { newCode, redeem } from '../../issuer-stage/code-flow.ts'
import { makeProof, newDpopKey, offersDpop } from '../../issuer-stage/dpop-proof.ts'

const CLAUSE = 'RFC 9449 section 11.1'
const TIMES = 20

export default module('issuer', 'takes a DPoP proof once', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  if (!(await offersDpop(target)))
    return checks.skip(CLAUSE, 'a proof is used once', 'the metadata names no dpop_signing_alg_values_supported')
  const about = { method: 'POST', url: await target.endpoint('token_endpoint') }
  const probe = await redeem(target, await newCode(target, client), {
    headers: { dpop: makeProof(newDpopKey(), { ...about, now: target.now() }) },
  })
  const nonce = probe.headers.get('dpop-nonce') ?? undefined
  const make = () => ({ dpop: makeProof(newDpopKey(), { ...about, now: target.now(), nonce }) })

  const headers = make()
  const first = await redeem(target, await newCode(target, client), { headers })
  checks.must(CLAUSE, 'it brings tokens the first time', isGranted(first), verdictOf(first))
  const second = await redeem(target, await newCode(target, client), { headers })
  checks.should(CLAUSE, 'and nothing the second time', !isGranted(second) && second.status < 500, verdictOf(second))

  const codes = []
  for (let at = 0; at < TIMES; at += 1) codes.push(await newCode(target, client))
  const together = make()
  const answers = await Promise.all(codes.map((code) => redeem(target, code, { headers: together })))
  const granted = answers.filter(isGranted).length
  checks.should(CLAUSE, `of ${TIMES} uses at the same moment one gets tokens`, granted === 1, granted)
  const broken = answers.filter(({ status }) => status >= 500).length
  checks.must(
    'RFC 6749 section 5.2',
    'and no answer is an error of the server',
    broken === 0,
    `${broken} answers of 500 and above`,
  )
})
