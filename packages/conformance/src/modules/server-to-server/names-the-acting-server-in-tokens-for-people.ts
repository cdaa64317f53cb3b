import { module } from '../../conformance-module.ts'
import { claimsOf, findActingStage } from '../../server-to-server/acting-stage.ts'

const CLAUSE = 'server-to-server profile, 18; RFC 8693 section 4.1'

export default module('server-to-server', 'names the acting server in tokens for people', async (target, checks) => {
  const stage = await findActingStage(target, checks)
  if (stage === undefined) return
  const { server, person } = stage
  const before = claimsOf(person.token)
  for (const { name, token, given } of stage.ways) {
    const claims = claimsOf(token)
    const act: unknown = claims.act
    const actor = typeof act === 'object' && act !== null ? { ...act } : {}
    const named = 'sub' in actor && actor.sub === server.clientId
    checks.must(CLAUSE, `act of ${name} names the acting server`, named, act ?? 'no act')
    checks.must(CLAUSE, `act of ${name} nests nobody`, !('act' in actor), Object.keys(actor))
    checks.must(CLAUSE, `${name} keeps the person`, claims.sub !== undefined && claims.sub === before.sub, typeof claims.sub)
    checks.must(CLAUSE, `${name} keeps the issuer`, claims.iss === target.issuer, claims.iss)
    const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
    const [aud] = audiences
    const elsewhere = audiences.length === 1 && withoutSlash(aud) === withoutSlash(person.resource)
    checks.must(CLAUSE, `${name} is for the one other server`, elsewhere, claims.aud)
    const bearer = String(given.json?.token_type).toLowerCase() === 'bearer'
    checks.must('RFC 6749 section 5.1', `token_type of ${name} is Bearer`, bearer, given.json?.token_type)
    const cache = given.headers.get('cache-control') ?? 'none'
    checks.must('RFC 6749 section 5.1', `nobody may keep the answer of ${name}`, /\bno-store\b/i.test(cache), cache)
    if (name === 'on-behalf-of') continue
    const kind = given.json?.issued_token_type
    const said = kind === 'urn:ietf:params:oauth:token-type:access_token' || kind === 'urn:ietf:params:oauth:token-type:jwt'
    checks.must('RFC 8693 section 2.2.1', `${name} says what it gave`, said, kind ?? 'none')
  }
})

const withoutSlash = (text: unknown): string => String(text).replace(/\/$/, '')
