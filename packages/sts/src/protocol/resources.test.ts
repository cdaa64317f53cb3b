import { type Resource, ResourceId } from '@postern/storage'
import { describe, expect, it } from 'vitest'
import { acceptedSpellings, accepts, findResource, findUngranted, resourcesOfScopes, shortScopes } from './resources.ts'

const mail: Resource = {
  id: ResourceId.of('11111111-1111-4111-8111-111111111111'),
  displayName: 'Mail',
  audience: 'https://mail.contoso.com/',
  names: ['https://mail.contoso.com/', 'https://autodiscover.contoso.com/'],
  scopes: ['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All', 'Mail.Read'],
  algorithm: 'RS256',
  tokenType: 'at+jwt',
  status: 'active',
  createdAt: new Date(0),
  updatedAt: new Date(0),
}
const calendar: Resource = {
  ...mail,
  id: ResourceId.of('22222222-2222-4222-8222-222222222222'),
  audience: 'https://calendar.contoso.com',
  names: ['https://calendar.contoso.com'],
  scopes: ['Mail.Read', 'Calendar.Read'],
}
const resources = [mail, calendar]
const access = [
  { resourceId: mail.id, scopes: ['EAS.AccessAsUser.All', 'Mail.Read'] },
  { resourceId: calendar.id, scopes: ['Mail.Read', 'Calendar.Read'] },
]

describe('findResource', () => {
  it('knows a resource by each of its names, with or without one trailing slash', () => {
    for (const name of ['https://mail.contoso.com', 'https://mail.contoso.com/', 'https://autodiscover.contoso.com'])
      expect(findResource(resources, name)).toBe(mail)
  })
  it('allows nothing else: no other case, path, port, second slash, nor a disabled resource', () => {
    for (const name of [
      'https://MAIL.contoso.com',
      'https://mail.contoso.com//',
      'https://mail.contoso.com:443/',
      'https://mail.contoso.com/x',
      '',
    ])
      expect(findResource(resources, name)).toBeUndefined()
    expect(findResource([{ ...mail, status: 'disabled' }], 'https://mail.contoso.com/')).toBeUndefined()
  })
})

describe('resourcesOfScopes', () => {
  it('reads the resource from what stands before a scope, the double slash of AD FS included', () => {
    for (const scope of [
      'https://mail.contoso.com/EAS.AccessAsUser.All',
      'https://mail.contoso.com//EAS.AccessAsUser.All',
      'https://mail.contoso.com/.default',
    ])
      expect(resourcesOfScopes(resources, access, ['openid', scope])).toEqual([mail])
  })
  it('takes a short name that only one resource knows, and refuses to guess otherwise', () => {
    expect(resourcesOfScopes(resources, access, ['EAS.AccessAsUser.All'])).toEqual([mail])
    expect(resourcesOfScopes(resources, access, ['Mail.Read'])).toEqual([])
  })
  it('does not offer a scope that the client was not given', () => {
    expect(resourcesOfScopes(resources, access, ['https://mail.contoso.com/EWS.AccessAsUser.All'])).toEqual([])
    expect(acceptedSpellings(mail, access)).not.toContain('EWS.AccessAsUser.All')
    expect(acceptedSpellings(mail, [])).toEqual([])
  })
})

describe('accepts', () => {
  it('is true for every accepted spelling and for nothing else', () => {
    for (const resource of resources)
      for (const granted of [access, [], [{ resourceId: resource.id, scopes: ['Mail.Read', 'Gone.Since'] }]]) {
        const spelled = acceptedSpellings(resource, granted)
        for (const name of [...resource.names, 'https://else.contoso.com/', ''])
          for (const slashes of ['', '/', '//', '///'])
            for (const scope of [...resource.scopes, '.default', 'Gone.Since', 'Calendar.Write', '']) {
              const asked = `${name.replace(/\/$/, '')}${slashes}${scope}`
              expect(accepts(resource, granted, asked), asked).toBe(spelled.includes(asked))
            }
      }
    expect(acceptedSpellings(calendar, access)).toEqual([
      'Mail.Read',
      'https://calendar.contoso.com/Mail.Read',
      'https://calendar.contoso.com//Mail.Read',
      'Calendar.Read',
      'https://calendar.contoso.com/Calendar.Read',
      'https://calendar.contoso.com//Calendar.Read',
      'https://calendar.contoso.com/.default',
      'https://calendar.contoso.com//.default',
    ])
  })
})

describe('shortScopes', () => {
  it('gives every spelling its short name once', () => {
    expect(shortScopes(mail, access, 'openid Mail.Read https://mail.contoso.com/Mail.Read')).toEqual(['Mail.Read'])
  })
  it('turns .default into all that the client may have, and no more', () => {
    expect(shortScopes(mail, access, 'https://mail.contoso.com/.default')).toEqual(['EAS.AccessAsUser.All', 'Mail.Read'])
  })
})

describe('findUngranted', () => {
  it('finds what stands behind a known name and is not granted, and leaves everything else alone', () => {
    const asked = [
      'openid',
      'Mail.Read',
      'https://mail.contoso.com/Mail.Read',
      'https://mail.contoso.com/.default',
      'https://other.example/x',
    ]
    expect(findUngranted(resources, access, asked)).toBeUndefined()
    for (const scope of [
      'https://mail.contoso.com/EWS.AccessAsUser.All',
      'https://mail.contoso.com//EWS.AccessAsUser.All',
      'https://mail.contoso.com/nonsense',
    ])
      expect(findUngranted(resources, access, [...asked, scope])).toBe(scope)
    expect(findUngranted(resources, [], ['https://mail.contoso.com/.default'])).toBe('https://mail.contoso.com/.default')
  })
})
