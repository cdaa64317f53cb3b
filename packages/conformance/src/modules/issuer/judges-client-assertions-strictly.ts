import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { ASSERTION_TYPE, signClientAssertion } from '../../client-authentication.ts'
import { module } from '../../conformance-module.ts'
import { needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'

const CLAUSE = 'RFC 7523 section 3'
const RFC7523BIS = 'RFC 7523bis section 4 (audience); RFC 8725 section 3.11'
/** The second where it does not even fit the request. */
const ERRORS = ['invalid_client', 'invalid_request']
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

let strangersKey: string | undefined
function makeStrangersKey(): string {
  strangersKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
  return strangersKey
}

export default module('issuer', 'judges client assertions strictly', async (target, checks) => {
  const client = needClient(target, 'keyed')
  const url = await target.endpoint('token_endpoint')
  const now = target.now()
  const ask = (assertion: string) =>
    target.post(url, [
      ['grant_type', 'authorization_code'],
      ['code', randomUUID()],
      ['redirect_uri', client.redirectUri],
      ['code_verifier', 'v'.repeat(43)],
      ['client_id', client.clientId],
      ['client_assertion_type', ASSERTION_TYPE],
      ['client_assertion', assertion],
    ])
  const sign = (
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
    key = client.privateKey,
  ) =>
    signClientAssertion(
      { ...client, ...(key !== undefined && { privateKey: key }) },
      { audience: target.issuer, now, claims, header },
    )
  const right = await ask(sign())
  checks.must(CLAUSE, 'a right assertion is believed', textOf(right, 'error') === 'invalid_grant', verdictOf(right))

  const isRsa = createPrivateKey(client.privateKey ?? '').asymmetricKeyType === 'rsa'
  const [header = '', payload = '', signature = ''] = sign().split('.')
  const other = target.clients.confidential?.clientId ?? randomUUID()
  const publicPem = createPublicKey(client.privateKey ?? '')
    .export({ type: 'spki', format: 'pem' })
    .toString()
  const confused = `${encode({ alg: 'HS256', typ: 'client-authentication+jwt' })}.${payload}`
  const spoiled: readonly (readonly [string, string])[] = [
    ['for another issuer', sign({ aud: 'https://stranger.example' })],
    ['for an issuer that begins like this one', sign({ aud: new URL(target.issuer).origin })],
    ['for this issuer and a path', sign({ aud: `${target.issuer}/more` })],
    ['without an audience', sign({ aud: undefined })],
    ['of another client', sign({ iss: other })],
    ['about another client', sign({ sub: other })],
    ['without an issuer', sign({ iss: undefined })],
    ['without a subject', sign({ sub: undefined })],
    ['without an end', sign({ exp: undefined })],
    ['that has ended', sign({ iat: now - 900, exp: now - 600 })],
    ['with an end that is no number', sign({ exp: String(now + 60) })],
    ['that is not yet good', sign({ nbf: now + 3600, exp: now + 3660 })],
    ['without a number of its own', sign({ jti: undefined })],
    ['that is signed by nobody', `${encode({ alg: 'none' })}.${payload}.`],
    ['that says none and has a signature', `${encode({ alg: 'none' })}.${payload}.${signature}`],
    ['that says None', `${encode({ alg: 'None' })}.${payload}.`],
    [
      'with another payload',
      `${header}.${encode({ iss: client.clientId, sub: client.clientId, aud: target.issuer, exp: now + 60, jti: randomUUID() })}.${signature}`,
    ],
    ['without its signature', `${header}.${payload}.`],
    [
      'signed with the public key as a secret',
      `${confused}.${createHmac('sha256', publicPem).update(confused).digest('base64url')}`,
    ],
    ["signed with a stranger's key", isRsa ? sign({}, {}, makeStrangersKey()) : `${header}.${payload}.${'A'.repeat(86)}`],
    ['that is no JWT', 'a.b.c'],
    ['that says it is an access token', sign({}, { typ: 'at+jwt' })],
  ]
  for (const [what, assertion] of spoiled) {
    const answer = await ask(assertion)
    const refused = (answer.status === 400 || answer.status === 401) && ERRORS.includes(textOf(answer, 'error') ?? '')
    checks.must(CLAUSE, `an assertion ${what} is refused`, refused, verdictOf(answer))
  }
  const strict: readonly (readonly [string, string])[] = [
    ['for the token endpoint', sign({ aud: url })],
    ['for a list of issuers', sign({ aud: [target.issuer, 'https://stranger.example'] })],
    ['that ends in ten years', sign({ exp: now + 10 * 365 * 86_400 })],
  ]
  for (const [what, assertion] of strict) {
    const answer = await ask(assertion)
    checks.should(
      RFC7523BIS,
      `an assertion ${what} is an invalid_client`,
      textOf(answer, 'error') === 'invalid_client',
      verdictOf(answer),
    )
  }
})
