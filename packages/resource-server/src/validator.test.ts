import { makeSigningKey } from '@postern/conformance/hostile-tokens'
import { beforeEach, expect, test } from 'vitest'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { DocumentServer, FakeIssuer } from './testing/fake-issuer.ts'
import { refusalLater } from './testing/refusal.ts'
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

test('what is refused before and after the key is looked at says why', async () => {
  const validator = validatorWith({ rememberTokens: 0 })
  const long = 'i'.repeat(300)
  for (const [claims, changes, said] of [
    [{}, { header: { alg: 'HS256' } }, 'algorithm_not_allowed: "HS256"'],
    [{}, { header: { alg: 'a'.repeat(50) } }, `algorithm_not_allowed: "${'a'.repeat(40)}"`],
    [{}, { header: { typ: 'JWT' } }, 'type_mismatch: "jwt"'],
    [{}, { header: { typ: 't'.repeat(50) } }, `type_mismatch: "${'t'.repeat(40)}"`],
    [{ iss: undefined }, {}, 'claim_missing: iss'],
    [{ iss: 7 }, {}, 'claim_invalid: iss: not a string'],
    [{ iss: long }, {}, `issuer_mismatch: "${long.slice(0, 200)}"`],
    [{}, { header: { kid: 'nobody' } }, 'key_unknown: kid "nobody"'],
    [{}, { header: { alg: 'ES256' } }, 'algorithm_not_allowed: ES256, but the key is for RS256'],
    [{}, { header: { kid: 'ec-1' } }, 'algorithm_not_allowed: RS256, but the key is for ES256'],
    [{}, { key: { ...otherRsa, kid: 'rsa-1' } }, 'signature_invalid: kid "rsa-1"'],
    [{}, { header: { x5t: 'x' } }, 'accepted'],
  ] as const) {
    const token = sts.token({ ...good, ...claims }, changes)
    expect([claims, changes, await refusalLater(validator.validate(token))]).toEqual([claims, changes, said])
  }
})

test('x5t is compared where the key has one', async () => {
  sts.keys = [{ ...rsa, jwk: { ...rsa.jwk, x5t: 'AAAA' } }]
  sts.publish()
  const validator = validatorWith()
  expect(await refusalLater(validator.validate(sts.token(good, { header: { x5t: 'AAAA' } })))).toBe('accepted')
  expect(await refusalLater(validator.validate(sts.token(good)))).toBe('accepted')
  expect(await refusalLater(validator.validate(sts.token(good, { header: { x5t: 'BBBB' } })))).toBe(
    'key_unknown: x5t belongs to another key than kid',
  )
})

test('an ES256 signature is 64 bytes, and of this token', async () => {
  const validator = validatorWith()
  const token = sts.token(good, { key: ec })
  const [header, payload] = token.split('.')
  for (const bytes of [63, 65, 70, 64]) {
    const signature = Buffer.alloc(bytes, 1).toString('base64url')
    expect(await refusalLater(validator.validate(`${header}.${payload}.${signature}`))).toBe('signature_invalid: kid "ec-1"')
  }
})

test.for(['nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'nameid', 'actortoken', 'trustedfordelegation', 'fam'])(
  'with JWT as accepted type, a token with %s is of another kind; as at+jwt it is not looked at',
  async (mark) => {
    const validator = validatorWith({ types: ['JWT', 'at+jwt'] })
    const claims = { ...good, [mark]: 'x' }
    expect(await refusalLater(validator.validate(sts.token(claims, { header: { typ: 'JWT' } })))).toBe(
      `type_mismatch: claim ${mark}`,
    )
    expect(await refusalLater(validator.validate(sts.token(claims)))).toBe('accepted')
  },
)

test('while the issuer is away nothing is said about the token, and a kid that comes later is found', async () => {
  server.down = true
  const validator = validatorWith()
  expect(await refusalLater(validator.validate(sts.token(good)))).toBe(`keys_unavailable: ${issuer}`)
  server.down = false
  now += 30
  expect(await refusalLater(validator.validate(sts.token(good)))).toBe('accepted')
})

test('prepare fetches once, and again only when it must', async () => {
  const validator = validatorWith()
  await validator.prepare()
  expect(server.asked).toHaveLength(2)
  await validator.prepare()
  expect(server.asked).toHaveLength(2)
  expect(await refusalLater(validator.validate(sts.token(good)))).toBe('accepted')
  expect(server.asked).toHaveLength(2)
  server.down = true
  await validatorWith().prepare()
})

test('the set is refreshed in the background from five minutes on, by new and by remembered tokens', async () => {
  for (const rememberTokens of [0, 10]) {
    const validator = validatorWith({ rememberTokens })
    const token = sts.token(good)
    await validator.validate(token)
    const asked = server.asked.length
    now += 299
    await validator.validate(token)
    expect(server.asked).toHaveLength(asked)
    now += 1
    await validator.validate(token)
    expect(server.asked).toHaveLength(asked + 1)
    now = noon
  }
})

test('more than 256 different headers are accepted, each by itself', async () => {
  const validator = validatorWith()
  for (let index = 0; index < 260; index += 1)
    expect(await codeOf(validator.validate(sts.token({ ...good, jti: `${index}` }, { header: { x5t: `x${index}` } })))).toBe(
      'accepted',
    )
  expect(await refusalLater(validator.validate(sts.token(good, { header: { x5t: 'x259', kid: 'nobody' } })))).toBe(
    'key_unknown: kid "nobody"',
  )
})

test('misuse is told with the name of the option', () => {
  for (const [options, said] of [
    [{ issuers: [] }, 'issuers must not be empty'],
    [{ issuers: [''] }, 'issuers must not be empty'],
    [{ issuers: [issuer, issuer] }, `issuer ${issuer} is given twice`],
    [{ audience: [] }, 'audience must not be empty'],
    [{ audience: '' }, 'audience must not be empty'],
    [{ audience: [audience, ''] }, 'audience must not be empty'],
    [{ types: [] }, 'types must not be empty'],
    [{ types: ['id+jwt' as 'JWT'] }, 'type id+jwt is not supported'],
    [{ algorithms: [] }, 'algorithms must not be empty'],
    [{ algorithms: ['PS256' as 'RS256'] }, 'algorithm PS256 is not supported'],
    [{ clockToleranceSeconds: -1 }, 'clockToleranceSeconds must be a whole number from 0 to 300'],
    [{ clockToleranceSeconds: 301 }, 'clockToleranceSeconds must be a whole number from 0 to 300'],
    [{ clockToleranceSeconds: 0.5 }, 'clockToleranceSeconds must be a whole number from 0 to 300'],
    [{ maxLifetimeSeconds: 0 }, 'maxLifetimeSeconds must be a whole number from 1 to 31536000'],
    [{ maxLifetimeSeconds: 31_536_001 }, 'maxLifetimeSeconds must be a whole number from 1 to 31536000'],
    [{ rememberTokens: -1 }, 'rememberTokens must be a whole number from 0 to 10000000'],
    [{ rememberTokens: 10_000_001 }, 'rememberTokens must be a whole number from 0 to 10000000'],
  ] as const)
    expect(() => validatorWith(options)).toThrow(new TypeError(said))
  for (const options of [
    { clockToleranceSeconds: 0, maxLifetimeSeconds: 1, rememberTokens: 0 },
    { clockToleranceSeconds: 300, maxLifetimeSeconds: 31_536_000, rememberTokens: 10_000_000 },
    { types: ['at+jwt', 'JWT'], audience: ['a', 'b'], algorithms: ['ES256'] },
  ] as const)
    expect(Object.isFrozen(validatorWith(options))).toBe(true)
})

test('without more options: a day of life, thirty seconds of tolerance, at+jwt, both algorithms', async () => {
  const validator = validatorWith()
  expect(await refusalLater(validator.validate(sts.token({ ...good, exp: noon + 86_400 })))).toBe('accepted')
  expect(await refusalLater(validator.validate(sts.token({ ...good, exp: noon + 86_401 })))).toBe('lifetime_too_long: 86401 s')
  const strict = validatorWith({ clockToleranceSeconds: 0, maxLifetimeSeconds: 3600 })
  const token = sts.token(good)
  expect(await refusalLater(strict.validate(token))).toBe('accepted')
  now = noon + 3600
  expect(await refusalLater(strict.validate(token))).toBe(`token_expired: exp ${noon + 3600}`)
})

test('keys come from the address that was given, and what is wrong with them is told', async () => {
  const problems: string[] = []
  server.documents.set('https://elsewhere.example/keys', { keys: [rsa.jwk, { kid: 'odd', kty: 'oct' }] })
  const validator = validatorWith({
    issuers: [{ issuer, jwksUri: 'https://elsewhere.example/keys' }],
    onProblem: (problem) => problems.push(problem),
  })
  expect(await refusalLater(validator.validate(sts.token(good)))).toBe('accepted')
  expect(server.asked).toEqual(['https://elsewhere.example/keys'])
  expect(problems).toEqual(['key ignored: odd: unsupported kind of key'])
  expect(() => validatorWith({ issuers: [{ issuer, jwksUri: 'http://elsewhere.example/keys' }] })).toThrow(TypeError)
})

test('a remembered token is remembered through the tolerance, and no value but a string is looked for', async () => {
  const validator = validatorWith()
  const token = sts.token({ ...good, exp: noon + 60 })
  const claims = await validator.validate(token)
  now = noon + 89
  expect(await validator.validate(token)).toBe(claims)
  for (const value of [7, undefined, null, ['a.b.c']])
    expect(await refusalLater(validator.validate(value as unknown as string))).toBe('token_malformed: not a string')
})

test('what has ended is asked with what the token says of itself', async () => {
  const asked: unknown[] = []
  const revocations = {
    isRevoked: (facts: unknown) => {
      asked.push(facts)
      return asked.length > 1
    },
  }
  const validator = validatorWith({ revocations: revocations as NonNullable<TokenValidatorOptions['revocations']> })
  expect(await refusalLater(validator.validate(sts.token({ ...good, grant_id: 7, sid: 's1' })))).toBe('accepted')
  expect(await refusalLater(validator.validate(sts.token({ ...good, grant_id: 'g1' })))).toBe('token_revoked: jti "j1"')
  const common = { accountId: 'mary', issuedAt: noon, clientId: 'outlook' }
  expect(asked).toEqual([
    { ...common, sessionId: 's1', familyId: undefined },
    { ...common, sessionId: undefined, familyId: 'g1' },
  ])
})
