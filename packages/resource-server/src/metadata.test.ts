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
