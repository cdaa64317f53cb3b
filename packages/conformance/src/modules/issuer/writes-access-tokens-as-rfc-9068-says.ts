import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { newTokens } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 9068 section 2.2'

export default module('issuer', 'writes access tokens as RFC 9068 says', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const { access } = await newTokens(target, client)
  const other = await newTokens(target, client)
  if (access.split('.').length !== 3)
    return checks.skip(CLAUSE, 'its claims are those of the profile', 'the access token is no JWT')
  const header = decodeProtectedHeader(access)
  const type = String(header.typ)
    .toLowerCase()
    .replace(/^application\//, '')
  checks.must('RFC 9068 section 2.1', 'its typ is at+jwt', type === 'at+jwt', header.typ ?? 'none')
  checks.must('RFC 9068 section 2.1', 'it is signed by a key pair', /^(RS|PS|ES|Ed)/.test(String(header.alg)), header.alg)
  const keys = (await target.get(await target.endpoint('jwks_uri'))).json
  const verified = await jwtVerify(access, createLocalJWKSet({ keys: [], ...keys } as JSONWebKeySet), {
    currentDate: new Date(target.now() * 1000),
  }).then(
    // jose looks at each key itself
    () => 'verified',
    (error: unknown) => String(error),
  )
  checks.must('RFC 9068 section 4', 'a published key verifies it', verified === 'verified', verified)
  const claims = decodeJwt(access)
  checks.must(CLAUSE, 'iss is the issuer', claims.iss === target.issuer, claims.iss)
  checks.must(CLAUSE, 'sub names somebody', typeof claims.sub === 'string' && claims.sub !== '', typeof claims.sub)
  checks.must(CLAUSE, 'client_id is the client', claims.client_id === client.clientId, claims.client_id)
  for (const name of ['iat', 'exp'] as const)
    checks.must(CLAUSE, `${name} is a whole number`, Number.isInteger(claims[name]), claims[name])
  const near = Math.abs(Number(claims.iat) - target.now()) < 120 && Number(claims.exp) > target.now()
  checks.must(CLAUSE, 'it was made now and is good now', near, `${claims.iat} to ${claims.exp}`)
  checks.should(
    'RFC 9700 section 4.10',
    'it lives for hours at most',
    Number(claims.exp) - Number(claims.iat) <= 4 * 3600,
    Number(claims.exp) - Number(claims.iat),
  )
  const fresh = typeof claims.jti === 'string' && claims.jti !== '' && claims.jti !== decodeJwt(other.access).jti
  checks.must(CLAUSE, 'jti is a number of its own', fresh, typeof claims.jti)
  const audiences = [claims.aud].flat().filter((one) => typeof one === 'string' && one !== '')
  checks.must('RFC 9068 section 3', 'aud names whom it is for', audiences.length > 0, claims.aud)
  checks.should('RFC 9700 section 2.3', 'and that is one only', audiences.length === 1, audiences.length)
  if (client.resource !== undefined)
    checks.must('RFC 8707 section 2', 'aud is the resource that was asked for', audiences.includes(client.resource), audiences)
  checks.should('RFC 9068 section 2.2.3', 'scope says what was granted', typeof claims.scope === 'string', typeof claims.scope)
  checks.must('RFC 9068 section 5', 'sub of a person is not the name of the client', claims.sub !== client.clientId, 'compared')
})
