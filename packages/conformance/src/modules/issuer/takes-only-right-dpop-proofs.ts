import { module } from '../../conformance-module.ts'
import { isGranted, needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { redeemBound } from '../../issuer-stage/bound-tokens.ts'
import { newCode, redeem } from '../../issuer-stage/code-flow.ts'
import { makeProof, newDpopKey, offersDpop, type ProofChange } from '../../issuer-stage/dpop-proof.ts'

const CLAUSE = 'RFC 9449 section 4.3'

/** The checks of that section in their order, each spoiled alone. */
export default module('issuer', 'takes only right DPoP proofs', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  if (!(await offersDpop(target)))
    return checks.skip(CLAUSE, 'a wrong proof brings nothing', 'the metadata names no dpop_signing_alg_values_supported')
  const url = await target.endpoint('token_endpoint')
  const key = newDpopKey()
  const other = newDpopKey()
  const now = target.now()
  const about = { method: 'POST', url, now }
  const right = await redeemBound(target, client, key)
  checks.must(CLAUSE, 'a right proof brings tokens', isGranted(right), verdictOf(right))

  const whole: readonly (readonly [string, string])[] = [
    ['1: two proofs', `${makeProof(key, about)}, ${makeProof(key, about)}`],
    ['2: no JWT', 'proof'],
    ['2: three empty parts', '..'],
  ]
  for (const [what, dpop] of whole) {
    const answer = await redeem(target, await newCode(target, client), { headers: { dpop } })
    checks.must(CLAUSE, `${what} is an invalid_dpop_proof`, textOf(answer, 'error') === 'invalid_dpop_proof', verdictOf(answer))
  }
  const spoiled: readonly (readonly [string, ProofChange])[] = [
    ['3: no jti', { claims: { jti: undefined } }],
    ['3: no htm', { claims: { htm: undefined } }],
    ['3: no htu', { claims: { htu: undefined } }],
    ['3: no iat', { claims: { iat: undefined } }],
    ['4: no typ', { header: { typ: undefined } }],
    ['4: another typ', { header: { typ: 'JWT' } }],
    ['5: no algorithm', { header: { alg: 'none' } }],
    ['5: a symmetric algorithm', { header: { alg: 'HS256' } }],
    ['6: no key', { header: { jwk: undefined } }],
    ['6: signed by another key', { signedBy: other.privateKey }],
    ['7: a private key in it', { header: { jwk: key.privateKey.export({ format: 'jwk' }) } }],
    ['8: another method', { claims: { htm: 'GET' } }],
    ['9: another host', { claims: { htu: 'https://stranger.example/token' } }],
    ['9: another address of the issuer', { claims: { htu: `${url}/more` } }],
    ['10: a nonce that the issuer did not give', { claims: { nonce: 'kit' } }],
    ['11: an hour old', { claims: { iat: now - 3600 } }],
    ['11: from the next hour', { claims: { iat: now + 3600 } }],
  ]
  for (const [what, proof] of spoiled) {
    const answer = await redeemBound(target, client, key, { proof })
    const error = textOf(answer, 'error')
    const refused = error === 'invalid_dpop_proof' || (what.startsWith('10') && error === 'use_dpop_nonce')
    checks.must(CLAUSE, `${what} is an invalid_dpop_proof`, refused, verdictOf(answer))
  }
})
