import { describe, expect, test } from 'vitest'
import { findRedirectUriProblem } from '../protocol/registration/redirect-uris.ts'
import { clientPresets } from './client-presets.ts'

describe('findRedirectUriProblem', () => {
  test.each([
    'https://app.example/cb',
    'https://app.example',
    'https://app.example/cb?from=postern',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:1234/cb',
    'http://[::1]/cb',
    'http://localhost',
    'com.contoso.mail:/callback',
    'com.contoso.mail://callback',
    'com.contoso.mail://oauth/callback',
    'com.contoso.mail:/',
    'com.contoso.mail:/callback?from=postern',
    'de.contoso:/oauth',
    'https://app.example/.well-known/callback',
    'https://app.example/a..b/...',
    'https://app.example/100%25/a%20b',
    'https://app.example/cb?next=%2F..%2Fx',
    'urn:ietf:wg:oauth:2.0:oob',
    'com.apple.Preferences://oauth-redirect',
    'msauth.com.microsoft.Office.Outlook://auth',
    'ms-appx-web://Microsoft.AAD.BrokerPlugin/d3590ed6-52b3-4102-aeff-aad2292ab01c',
  ])('accepts %s of a native client', (uri) => {
    expect(findRedirectUriProblem(uri, 'native')).toBeUndefined()
  })

  test.each([
    'http://app.example/cb',
    'http://127.0.0.1.example.com/cb',
    'http://localhost.example.com/',
    'http://10.0.0.1/cb',
    'https://app.example/*',
    'https://*.example/cb',
    'https://app.example/cb#f',
    'https://user@app.example/cb',
    'https://@app.example/cb',
    'https://APP.example/cb',
    'https://app.example/a/../cb',
    'https://app.example\\@evil.example/',
    'https:app.example/cb',
    'https:///app.example',
    'https://app.example/ä',
    'https://app.example/c b',
    'javascript:alert(1)',
    'JavaScript://app.example/%0aalert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'java.script:x',
    'java.script:/callback',
    'intent.foo://',
    'intent.foo://callback',
    'ms-settings.foo:/x',
    'chrome-extension.foo://callback',
    'com.evil:javascript:alert(1)',
    'com.evil:/javascript:alert(1)',
    'com.evil://user@host/cb',
    'com.evil://host:80/cb',
    'com.evil:callback',
    'com.evil:',
    'com.evil:///callback',
    'com.evil:/a/../b',
    'com.evil:/a/%2e%2E/b',
    'com..evil:/cb',
    'com.-evil:/cb',
    '1.2.3.4:/cb',
    'http.example:/cb',
    'https://a/..%2f',
    'https://app.example/%2e%2e/cb',
    'https://app.example/a%2F..%2Fb',
    'https://app.example/a%5c..%5cb',
    'https://app.example/a%252f..%252fb',
    'https://app.example/a/..;x/b',
    'mail:/callback',
    'myapp://callback',
    'urn:ietf:wg:oauth:2.0:oob:auto',
    'msauth://other',
    '//app.example/cb',
    '/cb',
    '',
  ])('refuses %s', (uri) => {
    expect(findRedirectUriProblem(uri, 'native')).toBeTypeOf('string')
  })

  test.each([
    'com.contoso.mail:/callback',
    'urn:ietf:wg:oauth:2.0:oob',
    'com.apple.Preferences://oauth-redirect',
    'http://app.example/',
  ])('refuses %s of a web client', (uri) => {
    expect(findRedirectUriProblem(uri, 'web')).toBeTypeOf('string')
  })
})

test.each(Object.entries(clientPresets))('findRedirectUriProblem accepts what %s was recorded to use', (_, { redirectUris }) => {
  for (const uri of redirectUris) expect(findRedirectUriProblem(uri, 'native'), uri).toBeUndefined()
})

test('findRedirectUriProblem refuses what is too long', () => {
  expect(findRedirectUriProblem(`https://app.example/${'a'.repeat(2001)}`, 'native')).toContain('2000')
})
