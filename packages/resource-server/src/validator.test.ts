import { makeSigningKey } from '@postern/conformance/hostile-tokens'
import { beforeEach, expect, test } from 'vitest'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { DocumentServer, FakeIssuer } from './testing/fake-issuer.ts'
import { createTokenValidator, type TokenValidatorOptions } from './validator.ts'

const issuer = 'https://sts.example/contoso'
const audience = 'https://mail.contoso.com/'
const noon = 1_800_000_000
const rsa = makeSigningKey('rsa-1')
const otherRsa = makeSigningKey('rsa-2')
const ec = makeSigningKey('ec-1', 'ES256')
const good = {
  aud: audience,
  sub: 'mary',
  client_id: 'outlook',
  jti: 'j1',
  iat: noon,
  nbf: noon,
  exp: noon + 3600,
  scope: 'Mail.Read EAS',
}

let now = noon
let server = new DocumentServer()
let sts = new FakeIssuer(server, issuer, [rsa, ec])
beforeEach(() => {
  now = noon
  server = new DocumentServer()
  sts = new FakeIssuer(server, issuer, [rsa, ec])
})
const validatorWith = (options: Partial<TokenValidatorOptions> = {}) =>
  createTokenValidator({ issuers: [issuer], audience, clock: () => new Date(now * 1000), fetch: server.fetch, ...options })

async function codeOf(refused: Promise<unknown>): Promise<TokenErrorCode | 'accepted'> {
  try {
    await refused
    return 'accepted'
  } catch (error) {
    if (error instanceof TokenError) return error.code
    throw error
  }
}

test('a good token gives its claims, frozen, with its scopes', async () => {
  const claims = await validatorWith().validate(sts.token({ ...good, amr: ['pwd', 'otp'] }))
  expect(claims).toMatchObject({ iss: issuer, sub: 'mary', client_id: 'outlook', scope: 'Mail.Read EAS', amr: ['pwd', 'otp'] })
  expect([...claims.scopes]).toEqual(['Mail.Read', 'EAS'])
  expect(Object.isFrozen(claims) && Object.isFrozen(claims.amr)).toBe(true)
  expect(() => (claims.scopes as Set<string>).add('admin')).toThrow(TypeError)
})

test('an ES256 token of a key made for it is accepted', async () => {
  const { sub } = await validatorWith().validate(sts.token(good, { key: ec }))
  expect(sub).toBe('mary')
})

test('typ may be spelled AT+JWT or application/at+jwt', async () => {
  const validator = validatorWith()
  for (const typ of ['AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
    expect(await codeOf(validator.validate(sts.token(good, { header: { typ } })))).toBe('accepted')
  }
})

test('a token without scope is accepted and has no scopes', async () => {
  const claims = await validatorWith().validate(sts.token({ ...good, scope: undefined }))
  expect(claims.scope).toBe('')
  expect(claims.scopes.size).toBe(0)
})

test('exp, nbf and iat hold to the second, with the tolerance', async () => {
  const validator = validatorWith({ rememberTokens: 0 })
  const token = sts.token(good)
  const at = async (time: number) => {
    now = time
    return codeOf(validator.validate(token))
  }
  expect(await at(noon - 31)).toBe('token_not_yet_valid')
  expect(await at(noon - 30)).toBe('accepted')
  expect(await at(noon + 3629)).toBe('accepted')
  expect(await at(noon + 3630)).toBe('token_expired')
})

test('a remembered token is refused once it has expired', async () => {
  const validator = validatorWith()
  const token = sts.token({ ...good, exp: noon + 60 })
  expect(await codeOf(validator.validate(token))).toBe('accepted')
  now = noon + 89
  expect(await codeOf(validator.validate(token))).toBe('accepted')
  now = noon + 90
  expect(await codeOf(validator.validate(token))).toBe('token_expired')
})

test('a remembered token ends as soon as a refresh in the background shows that its key is gone', async () => {
  const validator = validatorWith()
  const token = sts.token(good)
  await validator.validate(token)
  sts.keys = [otherRsa]
  sts.publish()
  now += 300
  expect(await codeOf(validator.validate(token))).toBe('accepted') // and starts the refresh
  await expect.poll(() => codeOf(validator.validate(token))).toBe('key_unknown')
})

test('a remembered token is answered with the same claims object', async () => {
  const validator = validatorWith()
  const token = sts.token(good)
  expect(await validator.validate(token)).toBe(await validator.validate(`${token.slice(0, 100)}${token.slice(100)}`))
})

test('a token whose key was withdrawn is refused ten minutes later, remembered or not', async () => {
  const validator = validatorWith()
  const token = sts.token(good)
  await validator.validate(token)
  sts.keys = [otherRsa]
  sts.publish()
  now += 600
  expect(await codeOf(validator.validate(token))).toBe('key_unknown')
})

test('another key under the kid of a remembered token ends what was remembered', async () => {
  const validator = validatorWith()
  const token = sts.token(good)
  await validator.validate(token)
  sts.keys = [{ ...otherRsa, kid: 'rsa-1', jwk: { ...otherRsa.jwk, kid: 'rsa-1' } }]
  sts.publish()
  now += 600
  expect(await codeOf(validator.validate(token))).toBe('signature_invalid')
})

test('a key never validates a token of another issuer, even under one kid', async () => {
  const other = new FakeIssuer(server, 'https://sts.example/fabrikam', [
    { ...otherRsa, kid: 'rsa-1', jwk: { ...otherRsa.jwk, kid: 'rsa-1' } },
  ])
  const validator = validatorWith({ issuers: [issuer, other.issuer] })
  expect(await codeOf(validator.validate(sts.token(good)))).toBe('accepted')
  expect(await codeOf(validator.validate(other.token(good)))).toBe('accepted')
  expect(await codeOf(validator.validate(sts.token({ ...good, iss: other.issuer })))).toBe('signature_invalid')
  expect(await codeOf(validator.validate(other.token({ ...good, iss: issuer })))).toBe('signature_invalid')
})

test('with JWT as accepted type, an ID token for the same audience is still refused', async () => {
  const validator = validatorWith({ types: ['JWT'] })
  expect(await codeOf(validator.validate(sts.token(good, { header: { typ: 'JWT' } })))).toBe('accepted')
  expect(await codeOf(validator.validate(sts.token({ ...good, nonce: 'n' }, { header: { typ: 'JWT' } })))).toBe('type_mismatch')
  expect(await codeOf(validator.validate(sts.token(good)))).toBe('type_mismatch')
})

test('a list of audiences is accepted only when asked for, and only with us in it', async () => {
  const listed = sts.token({ ...good, aud: ['https://other.example', audience] })
  expect(await codeOf(validatorWith().validate(listed))).toBe('claim_invalid')
  expect(await codeOf(validatorWith({ acceptAudienceLists: true }).validate(listed))).toBe('accepted')
  const foreign = sts.token({ ...good, aud: ['https://other.example'] })
  expect(await codeOf(validatorWith({ acceptAudienceLists: true }).validate(foreign))).toBe('audience_mismatch')
})

test('an algorithm that is switched off is refused', async () => {
  expect(await codeOf(validatorWith({ algorithms: ['ES256'] }).validate(sts.token(good)))).toBe('algorithm_not_allowed')
})

test('an issuer at http is misuse, except on loopback where that is allowed', () => {
  expect(() => validatorWith({ issuers: ['http://sts.example'] })).toThrow(TypeError)
  expect(() => validatorWith({ issuers: ['http://localhost:8080/x'] })).toThrow(TypeError)
  expect(() => validatorWith({ issuers: ['http://localhost:8080/x'], allowInsecureLoopback: true })).not.toThrow()
  expect(() => validatorWith({ issuers: ['http://10.0.0.1/x'], allowInsecureLoopback: true })).toThrow(TypeError)
  expect(() => validatorWith({ issuers: [] })).toThrow(TypeError)
  expect(() => validatorWith({ audience: '' })).toThrow(TypeError)
})

test('no option accepts an algorithm outside RS256 and ES256', () => {
  for (const name of ['none', 'None', 'HS256', 'PS256', 'RS384', 'rs256', '']) {
    expect(() => validatorWith({ algorithms: [name as 'RS256'] })).toThrow(TypeError)
  }
})
