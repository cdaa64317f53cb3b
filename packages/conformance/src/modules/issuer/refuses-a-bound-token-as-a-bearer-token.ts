import { type Checks, module } from '../../conformance-module.ts'
import { needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { redeemBound, showBound } from '../../issuer-stage/bound-tokens.ts'
import { type DpopKey, newDpopKey, offersDpop, type ProofChange } from '../../issuer-stage/dpop-proof.ts'
import type { Target } from '../../target.ts'

const CLAUSE = 'RFC 9449 section 7'

interface Guarded {
  readonly place: string
  readonly url: string
  readonly token: string
}

async function judge(target: Target, checks: Checks, key: DpopKey, { place, url, token }: Guarded): Promise<void> {
  const right = await showBound(target, key, { url, token })
  if (right.status !== 200)
    return checks.skip(CLAUSE, `${place} takes bound tokens as such only`, `${place} takes no DPoP: ${right.status}`)
  const plain = await target.get(url, { authorization: `Bearer ${token}` })
  checks.must('RFC 9449 section 7.2', `${place} refuses a bound token as a bearer token`, plain.status === 401, plain)
  const bare = await target.get(url, { authorization: `DPoP ${token}` })
  checks.must('RFC 9449 section 7.1', `${place} refuses it without a proof`, bare.status >= 400 && bare.status < 500, bare)
  const foreign = await showBound(target, newDpopKey(), { url, token })
  checks.must(CLAUSE, `${place} refuses it with a proof by another key`, foreign.status === 401, foreign)
  const spoiled: readonly (readonly [string, ProofChange])[] = [
    ['without the digest of the token (ath)', { claims: { ath: undefined } }],
    ['with the digest of another token', { claims: { ath: 'A'.repeat(43) } }],
    ['for another method', { claims: { htm: 'POST' } }],
    ['for another address', { claims: { htu: 'https://stranger.example/' } }],
    ['of the last hour', { claims: { iat: target.now() - 3600 } }],
  ]
  for (const [what, change] of spoiled) {
    const answer = await showBound(target, key, { url, token, change })
    checks.must('RFC 9449 section 4.3', `${place} refuses a proof ${what}`, answer.status >= 400 && answer.status < 500, answer)
  }
}

export default module('issuer', 'refuses a bound token as a bearer token', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  if (!(await offersDpop(target)))
    return checks.skip(CLAUSE, 'a bound token is no bearer token', 'the metadata names no dpop_signing_alg_values_supported')
  const key = newDpopKey()
  const bind = async (asked: Readonly<Record<string, string | undefined>>) => {
    const answer = await redeemBound(target, client, key, { asked })
    const token = textOf(answer, 'access_token')
    if (token === undefined) checks.must(CLAUSE, 'a token is bound to a key', false, verdictOf(answer))
    return token
  }
  const userinfo = await target.findEndpoint('userinfo_endpoint')
  const token = userinfo === undefined ? undefined : await bind({ scope: 'openid', resource: undefined })
  if (userinfo !== undefined && token !== undefined) await judge(target, checks, key, { place: 'userinfo', url: userinfo, token })
  if (target.resource === undefined)
    return checks.skip(CLAUSE, 'the resource takes bound tokens as such only', 'resource was not given')
  const { url, audience, scope } = target.resource
  const there = await bind({ resource: audience ?? client.resource, scope: scope ?? client.scope })
  if (there !== undefined) await judge(target, checks, key, { place: 'the resource', url, token: there })
})
