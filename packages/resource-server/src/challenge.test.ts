import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChallengeOptions, challenge } from './challenge.ts'
import { parseChallenges } from './challenge-parser.ts'

test('the Exchange form comes out as recorded', () => {
  const line = challenge({
    clientId: '00000002-0000-0ff1-ce00-000000000000',
    trustedIssuers: [
      '00000001-0000-0000-c000-000000000000@5de110f8-2e0f-4d45-891d-bcf2218e253d',
      '00000004-0000-0ff1-ce00-000000000000@contoso.com',
    ],
    tokenTypes: ['app_asserted_user_v1', 'service_asserted_app_v1'],
    authorizationUri: 'https://login.windows.net/common/oauth2/authorize',
  })
  expect(line).toBe(
    'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@5de110f8-2e0f-4d45-891d-bcf2218e253d,' +
      '00000004-0000-0ff1-ce00-000000000000@contoso.com", token_types="app_asserted_user_v1 service_asserted_app_v1", ' +
      'authorization_uri="https://login.windows.net/common/oauth2/authorize"',
  )
})

test('realm is first, and may be empty', () => {
  expect(challenge({ clientId: 'c', realm: '5de110f8-2e0f-4d45-891d-bcf2218e253d' })).toMatch(
    /^Bearer realm="5de110f8-2e0f-4d45-891d-bcf2218e253d", client_id="c"$/,
  )
  expect(challenge({ clientId: 'c', realm: '' })).toMatch(/^Bearer realm="", /)
})

test('a claims request is base64 of its minified JSON', () => {
  const line = challenge({
    clientId: 'c',
    error: 'insufficient_claims',
    claims: { access_token: { acrs: { essential: true, value: 'cp1' } } },
  })
  expect(line).toContain(
    'error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiY3AxIn19fQ=="',
  )
})

test('a value that would end the line or leave ASCII is misuse', () => {
  for (const value of ['a\r\nSet-Cookie: x', 'a\n', 'a\r', '\0', 'a\tb', 'ä', '\u2028', '\x7f']) {
    expect(() => challenge({ clientId: value }), value).toThrow(TypeError)
    expect(() => challenge({ clientId: 'c', errorDescription: value }), value).toThrow(TypeError)
    expect(() => challenge({ clientId: 'c', trustedIssuers: [value] }), value).toThrow(TypeError)
  }
  expect(() => challenge({ clientId: 'c', trustedIssuers: ['a@b,c@d'] })).toThrow(TypeError)
  expect(() => challenge({ clientId: 'c', tokenTypes: ['a b'] })).toThrow(TypeError)
})

test('whatever challenge writes, parseChallenges reads back', () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))) })
  const optional = fc.option(text, { nil: undefined })
  const options: fc.Arbitrary<ChallengeOptions> = fc.record({
    clientId: text,
    realm: optional,
    authorizationUri: optional,
    resourceMetadata: optional,
    errorDescription: optional,
    scope: optional,
    error: fc.constantFrom('invalid_token', undefined),
  })
  fc.assert(
    fc.property(options, (given) => {
      const written = {
        realm: given.realm,
        client_id: given.clientId,
        authorization_uri: given.authorizationUri,
        error: given.error,
        error_description: given.errorDescription,
        scope: given.scope,
        resource_metadata: given.resourceMetadata,
      }
      const [read, ...more] = parseChallenges(challenge(given))
      expect(more).toEqual([])
      expect(read?.scheme).toBe('bearer')
      expect(Object.fromEntries(read?.parameters ?? [])).toEqual(
        Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)),
      )
    }),
  )
})

test('every parameter has its place, and what is not given is left out', () => {
  expect(
    challenge({
      maxAge: 0,
      acrValues: ['aal2', 'aal3'],
      claims: {},
      scope: ['a', 'b'],
      errorDescription: 'Why "\\".',
      error: 'insufficient_user_authentication',
      authorizationUri: 'https://a/',
      tokenTypes: ['t1', 't2'],
      trustedIssuers: ['i@r', 'i@*'],
      clientId: 'c',
      realm: 'r',
      resourceMetadata: 'https://m/',
    }),
  ).toBe(
    'Bearer realm="r", client_id="c", trusted_issuers="i@r,i@*", token_types="t1 t2", authorization_uri="https://a/", ' +
      'error="insufficient_user_authentication", error_description="Why \\"\\\\\\".", scope="a b", claims="e30=", ' +
      'acr_values="aal2 aal3", max_age="0", resource_metadata="https://m/"',
  )
  expect(challenge({ clientId: 'c', trustedIssuers: [], tokenTypes: [], acrValues: [] })).toBe('Bearer client_id="c"')
  expect(challenge({ clientId: 'c', scope: '' })).toBe('Bearer client_id="c", scope=""')
})

test('misuse is told with the name of what is wrong', () => {
  for (const [options, said] of [
    [{ clientId: 'c', realm: 'ü' }, 'realm must be printable ASCII'],
    [{ clientId: 'c', trustedIssuers: [''] }, 'An entry of trustedIssuers must not be empty or contain ","'],
    [{ clientId: 'c', trustedIssuers: ['a', 'b,c'] }, 'An entry of trustedIssuers must not be empty or contain ","'],
    [{ clientId: 'c', tokenTypes: ['a b'] }, 'An entry of tokenTypes must not be empty or contain " "'],
    [{ clientId: 'c', scope: ['a b'] }, 'An entry of scope must not be empty or contain " "'],
    [{ clientId: 'c', acrValues: [''] }, 'An entry of acrValues must not be empty or contain " "'],
  ] as const)
    expect(() => challenge(options)).toThrow(new TypeError(said))
})
