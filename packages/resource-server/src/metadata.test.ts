import { expect, test } from 'vitest'
import { protectedResourceMetadata, protectedResourceMetadataPath } from './metadata.ts'

test('the well-known segment goes between host and path', () => {
  expect(protectedResourceMetadataPath('https://mail.contoso.com')).toBe('/.well-known/oauth-protected-resource')
  expect(protectedResourceMetadataPath('https://mail.contoso.com/')).toBe('/.well-known/oauth-protected-resource')
  expect(protectedResourceMetadataPath('https://mail.contoso.com/EWS')).toBe('/.well-known/oauth-protected-resource/EWS')
  expect(protectedResourceMetadataPath('https://mail.contoso.com/a/b?c=d')).toBe('/.well-known/oauth-protected-resource/a/b?c=d')
})

test('the document has the members of RFC 9728', () => {
  const document = protectedResourceMetadata({
    resource: 'https://mail.contoso.com/',
    authorizationServers: ['https://sts.example/contoso'],
    scopesSupported: ['Mail.Read'],
    resourceName: 'Contoso mail',
  })
  expect(JSON.parse(JSON.stringify(document))).toEqual({
    resource: 'https://mail.contoso.com/',
    authorization_servers: ['https://sts.example/contoso'],
    scopes_supported: ['Mail.Read'],
    bearer_methods_supported: ['header'],
    resource_name: 'Contoso mail',
  })
})

test('addresses that no client would accept are misuse', () => {
  for (const resource of [
    'mail.contoso.com',
    'http://mail.contoso.com/',
    'https://mail.contoso.com/#x',
    'https://mail.contoso.com/#',
    'https://u:p@mail.contoso.com/',
  ]) {
    expect(() => protectedResourceMetadata({ resource, authorizationServers: ['https://sts.example'] }), resource).toThrow(
      TypeError,
    )
  }
  expect(() => protectedResourceMetadata({ resource: 'https://mail.contoso.com/', authorizationServers: [] })).toThrow(TypeError)
  expect(() =>
    protectedResourceMetadata({ resource: 'http://localhost:8090/', authorizationServers: ['http://localhost:8080/x'] }),
  ).not.toThrow()
})

test('members that are not given are left out, and the document cannot be changed', () => {
  const authorizationServers = ['https://sts.example/contoso']
  const bare = protectedResourceMetadata({ resource: 'https://mail.contoso.com/', authorizationServers })
  expect(bare).toStrictEqual({
    resource: 'https://mail.contoso.com/',
    authorization_servers: authorizationServers,
    bearer_methods_supported: ['header'],
  })
  const whole = protectedResourceMetadata({
    resource: 'https://mail.contoso.com/',
    authorizationServers,
    scopesSupported: ['Mail.Read'],
    resourceDocumentation: 'https://mail.contoso.com/help',
  })
  expect(whole.resource_documentation).toBe('https://mail.contoso.com/help')
  for (const part of [bare, bare.authorization_servers, bare.bearer_methods_supported, whole.scopes_supported])
    expect(Object.isFrozen(part)).toBe(true)
})

test('misuse says which address and why', () => {
  const said = 'must be an https URL without fragment (http only for loopback)'
  const of =
    (resource: string, ...authorizationServers: readonly string[]) =>
    () =>
      protectedResourceMetadata({ resource, authorizationServers })
  expect(of('https://a.example/#x', 'https://b.example')).toThrow(new TypeError(`resource ${said}: https://a.example/#x`))
  expect(of('https://a.example', 'http://b.example')).toThrow(new TypeError(`authorizationServers ${said}: http://b.example`))
  expect(of('https://a.example')).toThrow(new TypeError('authorizationServers must not be empty'))
  expect(() => protectedResourceMetadataPath('x')).toThrow(new TypeError(`resource ${said}: x`))
})
