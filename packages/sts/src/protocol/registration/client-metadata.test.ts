import { generateKeyPairSync } from 'node:crypto'
import type { Resource } from '@postern/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEVICE_GRANT, parseClientMetadata } from './client-metadata.ts'
import { RegistrationRefused } from './errors.ts'
import { findOwnRedirectUriProblem } from './redirect-uris.ts'

const resource = (audience: string, own: Partial<Resource> = {}): Resource => ({
  id: audience as Resource['id'], // a brand has no runtime part
  displayName: audience,
  audience,
  names: [audience],
  scopes: ['IMAP.AccessAsUser.All', 'SMTP.Send'],
  algorithm: 'RS256',
  tokenType: 'at+jwt',
  status: 'active',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...own,
})
const resources = [
  resource('https://mail.example/', { openToRegistered: true }),
  resource('https://off.example/', { openToRegistered: true, status: 'disabled' }),
  resource('https://pay.example/', { scopes: ['Salary.Read'] }),
]
const native = {
  application_type: 'native',
  client_name: 'Mail',
  redirect_uris: ['com.example.mail:/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
}
const web = { client_name: 'Web', redirect_uris: ['https://app.example/cb'] }
const read = (given: unknown, isInvited = true) => parseClientMetadata(JSON.stringify(given), { isInvited, resources })
const refusalOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof RegistrationRefused) return `${error.code}: ${error.message}`
    throw error
  }
  return 'taken'
}
const refusal = (given: unknown, isInvited = true) => refusalOf(() => read(given, isInvited))
const jwk = (kind: 'rsa' | 'ec', bits = 2048) =>
  (kind === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: bits })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  ).publicKey.export({ format: 'jwk' })
const [elliptic, other] = [jwk('ec'), jwk('ec')]

describe('a registration', () => {
  test('is read with what is not said filled in, and what is only told left out', () => {
    expect(
      read({
        ...web,
        client_uri: 'https://app.example',
        logo_uri: 'http://127.0.0.1/logo',
        contacts: ['x'],
        odd: 1,
        jwks_uri: null,
      }),
    ).toEqual({
      client: {
        displayName: 'Web',
        applicationType: 'web',
        authenticationMethod: 'client_secret_basic',
        redirectUris: ['https://app.example/cb'],
        postLogoutRedirectUris: [],
        grantTypes: ['authorization_code'],
        dpopBoundAccessTokens: false,
        pushedAuthorizationRequired: false,
        access: [{ resourceId: 'https://mail.example/', scopes: ['IMAP.AccessAsUser.All', 'SMTP.Send'] }],
      },
      keys: [],
    })
    expect(read(native, false).client).toMatchObject({ applicationType: 'native', authenticationMethod: 'none' })
    expect(
      read({ client_name: 'TV', grant_types: [DEVICE_GRANT, DEVICE_GRANT], token_endpoint_auth_method: 'none' }, false).client,
    ).toMatchObject({
      grantTypes: [DEVICE_GRANT],
      redirectUris: [],
    })
  })

  test.each([
    ['openid profile email offline_access', []],
    ['openid IMAP.AccessAsUser.All', ['IMAP.AccessAsUser.All']],
    ['https://mail.example/SMTP.Send', ['SMTP.Send']],
    ['https://mail.example//SMTP.Send IMAP.AccessAsUser.All', ['IMAP.AccessAsUser.All', 'SMTP.Send']],
    ['https://mail.example/.default', ['IMAP.AccessAsUser.All', 'SMTP.Send']],
  ])('asks by %s for %j', (scope, scopes) => {
    const access = scopes.length === 0 ? [] : [{ resourceId: 'https://mail.example/', scopes }]
    expect(read({ ...native, scope }).client.access).toEqual(access)
  })

  test.each([
    'Salary.Read',
    'https://pay.example/Salary.Read',
    'https://off.example/SMTP.Send',
    'openid address',
    ' openid',
    'openid  email',
    'OPENID',
  ])('is refused with the scope %s', (scope) => expect(refusal({ ...native, scope })).toMatch(/^invalid_client_metadata: scope /))

  test.each([
    ['client_name', undefined],
    ['client_name', ''],
    ['client_name', '   '],
    ['client_name', 'x'.repeat(61)],
    ['client_name', 'Mail\u202egnp'],
    ['client_name', 'Mail\n'.repeat(2)],
    ['client_name', 'Mail” asks. It is verified. “'],
    ['client_name', '"Mail"'],
    ['client_name', '\u3164'],
    ['client_name', '...'],
    ['client_name', `Z${'\u0300'.repeat(9)}`],
    ['client_name', 7],
    ['client_name', ['Mail']],
    ['token_endpoint_auth_method', 'client_secret_jwt'],
    ['token_endpoint_auth_method', 'tls_client_auth'],
    ['grant_types', ['client_credentials']],
    ['grant_types', ['password', 'authorization_code']],
    ['grant_types', ['implicit']],
    ['grant_types', ['urn:ietf:params:oauth:grant-type:jwt-bearer']],
    ['grant_types', ['refresh_token']],
    ['grant_types', []],
    ['grant_types', 'authorization_code'],
    ['response_types', ['token']],
    ['response_types', ['code', 'code']],
    ['response_types', []],
    ['application_type', 'service'],
    ['id_token_signed_response_alg', 'none'],
    ['id_token_signed_response_alg', 'HS256'],
    ['subject_type', 'pairwise'],
    ['require_auth_time', true],
    ['scope', 7],
    ['jwks', { keys: [elliptic] }],
    ['jwks_uri', 'http://169.254.169.254/keys'],
    ['jwks_uri', 'https://app.example/keys'],
    ['sector_identifier_uri', 'https://127.0.0.1/'],
    ['request_uris', ['https://app.example/r']],
    ['software_statement', 'eyJ'],
    ['backchannel_logout_uri', 'http://10.0.0.1/'],
    ['userinfo_encrypted_response_alg', 'RSA1_5'],
  ])('is refused with %s %j', (member, value) => {
    expect(refusal({ ...native, [member]: value })).toMatch(new RegExp(`^invalid_client_metadata: ${member}\\b`))
  })

  test.each([
    ['redirect_uris', undefined],
    ['redirect_uris', []],
    ['redirect_uris', 'com.example.mail:/callback'],
    ['redirect_uris', ['com.example.mail:/callback', 7]],
    ['redirect_uris', Array(11).fill('com.example.mail:/callback')],
    ['redirect_uris', ['com.example.mail:/callback', 'javascript:alert(1)']],
    ['post_logout_redirect_uris', ['data:text/html,x']],
    ['post_logout_redirect_uris', ['https://app.example/#x']],
  ])('is refused with %s %j by a code of its own', (member, value) => {
    expect(refusal({ ...native, [member]: value })).toMatch(new RegExp(`^invalid_redirect_uri: ${member}`))
  })

  test.each([
    ['offline_access without refreshing', { ...web, scope: 'openid offline_access' }],
    ['an address without a code', { ...native, grant_types: [DEVICE_GRANT] }],
    ['a private-use scheme of a web client', { ...web, redirect_uris: ['com.example.mail:/callback'] }],
  ])('is refused with %s', (_, given) => {
    expect(refusal(given)).toMatch(/^invalid_/)
  })

  test.each(['', 'null', '[]', '7', '"x"', '{', '{"client_name":"a"', '{"__proto__":{"client_name":"a"}}'])(
    'is refused as %s',
    (text) => {
      expect(refusalOf(() => parseClientMetadata(text, { isInvited: true, resources }))).toMatch(/^invalid_client_metadata: /)
    },
  )

  test('says nothing of what was sent but the names of members that are known', () => {
    const canary = 'CANARY'
    const bad = { ...native, redirect_uris: [`javascript:${canary}`] }
    for (const given of [bad, { ...native, scope: canary }, { ...native, client_name: `"${canary}` }, { [canary]: 1 }])
      expect(refusal(given)).not.toContain(canary)
  })
})

describe('keys of a client', () => {
  const keyed = { ...native, token_endpoint_auth_method: 'private_key_jwt' }
  const rsa = jwk('rsa')

  test('are kept by the name that the client gives them, without anything else', () => {
    const given = { ...elliptic, kid: 'one', x5u: 'http://127.0.0.1/', x5c: ['x'], odd: true }
    expect(read({ ...keyed, jwks: { keys: [given, rsa] } }).keys.map((key) => JSON.parse(key))).toEqual([
      { ...elliptic, kid: 'one', alg: 'ES256', use: 'sig' },
      { ...rsa, kid: expect.stringMatching(/^[\w-]{43}$/), alg: 'RS256', use: 'sig' },
    ])
    const wanting = { ...keyed, token_endpoint_auth_signing_alg: 'PS256' }
    expect(read({ ...wanting, jwks: { keys: [rsa] } }).keys[0]).toContain('"PS256"')
  })

  test.each([
    ['no key', []],
    ['a symmetric key', [{ kty: 'oct', k: 'AAAA' }]],
    ['a private key', [{ ...elliptic, d: 'AAAA' }]],
    ['a weak key', [jwk('rsa', 1024)]],
    ['a key for encryption', [{ ...elliptic, use: 'enc' }]],
    ['a key of another algorithm', [{ ...elliptic, alg: 'RS256' }]],
    ['a key for HMAC', [{ ...elliptic, alg: 'HS256' }]],
    ['a key without an algorithm that is one', [{ ...elliptic, alg: ['ES256'] }]],
    ['an odd name', [{ ...elliptic, kid: 'a b' }]],
    [
      'two of one name',
      [
        { ...elliptic, kid: 'a' },
        { ...other, kid: 'a' },
      ],
    ],
    ['something else', ['key']],
    ['too many', Array(11).fill(elliptic)],
  ])('are refused with %s', (_, keys) => {
    expect(refusal({ ...keyed, jwks: { keys } })).toMatch(/^invalid_client_metadata: jwks/)
  })

  test('must be there for a client that proves itself by them', () => {
    expect(refusal(keyed)).toBe('invalid_client_metadata: jwks must be given for private_key_jwt')
  })

  test('fit the algorithm that the client says it signs by', () => {
    const given = { ...keyed, token_endpoint_auth_signing_alg: 'RS256', jwks: { keys: [elliptic] } }
    expect(refusal(given)).toMatch(/^invalid_client_metadata: jwks.keys\[0\]/)
  })
})

describe('redirect addresses of apps that register themselves', () => {
  const pieces = fc.constantFrom(
    ...[
      'https',
      'http',
      'javascript',
      'data',
      'com.example.mail',
      'mail',
      'urn:ietf:wg:oauth:2.0:oob',
      'msauth.com.x',
      'file',
      'java.script',
    ],
    ...[
      ':',
      '/',
      '//',
      ':/',
      '://',
      '@',
      '#',
      '?',
      '*',
      '\\',
      '%2e%2e',
      '%2f',
      '..',
      ' ',
      '\t',
      '\n',
      '\0',
      '"',
      '<',
      'ä',
      '\u202e',
      '[::1]',
    ],
    ...['localhost', '127.0.0.1', '10.0.0.1', 'evil.example', 'localhost.evil.example', ':80', 'user', 'callback', 'cb'],
  )
  const address = fc.oneof(
    fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string(),
  )

  test('whatever is taken is exact, and leads to this machine, to an app of a domain, or by https', () => {
    fc.assert(
      fc.property(
        address,
        fc.constantFrom('native' as const, 'web' as const),
        fc.boolean(),
        (uri, applicationType, isInvited) => {
          if (findOwnRedirectUriProblem(uri, { applicationType, isInvited }) !== undefined) return
          expect(uri).toMatch(/^[\x21-\x7e]+$/)
          expect(uri).not.toMatch(/[#*\\"<>]/)
          const { protocol, hostname, username, password, hash } = new URL(uri)
          expect([username, password, hash]).toEqual(['', '', ''])
          if (protocol === 'http:') expect(['localhost', '127.0.0.1', '[::1]']).toContain(hostname)
          else if (protocol === 'https:') expect(isInvited).toBe(true)
          else expect([applicationType, protocol]).toEqual(['native', expect.stringMatching(/^[a-z]+(\.[a-z0-9-]+)+:$/)])
          expect(protocol).not.toMatch(/script|data|file/)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('what known mail programs have belongs to them', () => {
    for (const uri of [
      'urn:ietf:wg:oauth:2.0:oob',
      'com.apple.Preferences://oauth-redirect',
      'msauth.com.evil://auth',
      'ms-appx-web://Microsoft.AAD.BrokerPlugin/x',
    ])
      expect(findOwnRedirectUriProblem(uri, { applicationType: 'native', isInvited: true })).toContain('known mail program')
  })
})
