import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { module } from '../../conformance-module.ts'
import { askUserinfo, mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { readPart } from '../../person/id-token.ts'
import { describeRegistration, findRegistration, forgetClient, registerClient } from '../../person/registering.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 5.3.2'

export default module(
  'issuer',
  'signs userinfo for clients that registered for it',
  async (target, checks) => {
    const { userinfo_signing_alg_values_supported: algorithms } = await target.metadata()
    const expected = 'a client registers for signed userinfo'
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined) return
    if (!Array.isArray(algorithms) || !algorithms.includes('RS256'))
      return checks.skip(CLAUSE, expected, 'userinfo_signing_alg_values_supported does not list RS256')
    const made = await registerClient(target, endpoint, { userinfo_signed_response_alg: 'RS256' })
    checks.must(CLAUSE, expected, made.client !== undefined, describeRegistration(made))
    if (made.client === undefined) return
    const flow = await walkCodeFlow(target, { client: made.client })
    if (!mustSucceed(checks, CLAUSE, 'the client signs a person in', flow)) return
    const { body, headers } = await askUserinfo(target, flow.accessToken)
    const type = headers.get('content-type') ?? ''
    const keys = (await target.get(await target.endpoint('jwks_uri'))).json as unknown as JSONWebKeySet // jose refuses what is none
    const isSigned = await compactVerify(body, createLocalJWKSet(keys), { algorithms: ['RS256'] }).then(
      () => true,
      () => false,
    )
    checks.must(CLAUSE, 'userinfo is a JWT by RS256 of a published key', isSigned && /^application\/jwt\b/i.test(type), type)
    if (!isSigned) return
    const { iss, aud, sub } = readPart(body, 1)
    checks.must(CLAUSE, 'signed userinfo is about the person of the ID token', sub === flow.claims.sub, sub)
    const isFor = iss === target.issuer && [aud].flat().includes(made.client.clientId)
    checks.should(CLAUSE, 'signed userinfo names the issuer and the client', isFor, { iss, aud })
    await forgetClient(target, made)
  },
  { ids: ['oidcc-userinfo-rs256'] },
)
