import { decodeJwt } from 'jose'
import { module } from '../../conformance-module.ts'
import { isGranted, needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { redeemBound, refreshBound } from '../../issuer-stage/bound-tokens.ts'
import { refreshWith } from '../../issuer-stage/code-flow.ts'
import { newDpopKey, offersDpop } from '../../issuer-stage/dpop-proof.ts'

const CLAUSE = 'RFC 9449 section 5'

function thumbprintIn(token: string): unknown {
  const confirmation = decodeJwt(token).cnf
  return typeof confirmation === 'object' && confirmation !== null && 'jkt' in confirmation ? confirmation.jkt : undefined
}

export default module('issuer', 'binds tokens to the key that asked', async (target, checks) => {
  const client = needClient(target, 'public')
  if (!(await offersDpop(target)))
    return checks.skip(CLAUSE, 'a token is bound to its key', 'the metadata names no dpop_signing_alg_values_supported')
  const key = newDpopKey()
  const answer = await redeemBound(target, client, key)
  const type = textOf(answer, 'token_type') ?? verdictOf(answer)
  checks.must(CLAUSE, 'token_type is DPoP', type.toLowerCase() === 'dpop', type)
  const access = textOf(answer, 'access_token') ?? ''
  if (access.split('.').length === 3)
    checks.must(
      'RFC 9449 section 6.1',
      'cnf.jkt is the thumbprint of the key',
      thumbprintIn(access) === key.thumbprint,
      'compared',
    )

  const token = textOf(answer, 'refresh_token')
  if (token === undefined) return checks.skip(CLAUSE, 'a refresh token of a public client is bound, too', 'no refresh token came')
  const without = await refreshWith(target, client, token)
  checks.must(
    CLAUSE,
    'the refresh token brings nothing without a proof',
    !isGranted(without) && without.status < 500,
    verdictOf(without),
  )
  // Of a sign-in of its own: some issuers end a family at the first misuse.
  const next = textOf(await redeemBound(target, client, key), 'refresh_token') ?? ''
  const foreign = await refreshBound(target, client, newDpopKey(), next)
  checks.must(CLAUSE, 'nor with a proof by another key', !isGranted(foreign) && foreign.status < 500, verdictOf(foreign))
  const last = textOf(await redeemBound(target, client, key), 'refresh_token') ?? ''
  const right = await refreshBound(target, client, key, last)
  checks.must(CLAUSE, 'and with its own key it does', isGranted(right), verdictOf(right))
})
