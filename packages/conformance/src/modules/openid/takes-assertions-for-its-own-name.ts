import { authenticationOf, signClientAssertion } from '../../client-authentication.ts'
import { module } from '../../conformance-module.ts'
import { describeTokens, mustSucceed, redeemCode, refuses, requestCode, walkCodeFlow } from '../../person/code-flow.ts'
import { parametersOf } from '../../person/person-browser.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 7523 section 3'

/** The issuer's identifier as the only audience: what every issuer has to take, and what cannot be used elsewhere. */
export default module(
  'issuer',
  'takes assertions for its own name',
  async (target, checks) => {
    const client = target.clients.keyed
    const expected = 'a client proves itself by an assertion whose audience is the issuer'
    if (client === undefined || authenticationOf(client) !== 'private_key_jwt')
      return checks.skip(CLAUSE, expected, 'no client with private_key_jwt was given')
    if (!mustSucceed(checks, CLAUSE, expected, await walkCodeFlow(target, { client }))) return
    const browser = await signedIn(target)
    const request = await requestCode(target, client)
    const code = parametersOf(await browser.authorize(request.url)).get('code') ?? ''
    const elsewhere = signClientAssertion(client, { audience: 'https://elsewhere.kit.example/', now: target.now() })
    const answer = await redeemCode({ ...target, as: () => assertedBy(client.clientId, elsewhere) }, request, code)
    checks.must(
      CLAUSE,
      'an assertion for somebody else proves nothing',
      refuses(answer, 'invalid_client'),
      describeTokens(answer),
    )
  },
  { ids: ['oidcc-ensure-client-assertion-with-iss-aud-succeeds'] },
)

const assertedBy = (clientId: string, assertion: string) => ({
  form: [
    ['client_id', clientId],
    ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
    ['client_assertion', assertion],
  ] as const,
  headers: {},
})
