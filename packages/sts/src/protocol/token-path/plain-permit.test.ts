import { type Resource, ResourceId } from '@postern/storage'
import { expect, test } from 'vitest'
import { capPlainly } from './plain-permit.ts'
import { LongWay } from './short-way.ts'

const mail: Resource = {
  id: ResourceId.of('11111111-1111-4111-8111-111111111111'),
  displayName: 'Mail',
  audience: 'https://mail.contoso.com/',
  names: ['https://mail.contoso.com/'],
  scopes: ['EAS.AccessAsUser.All', 'Mail.Read', 'Mail.Send'],
  algorithm: 'RS256',
  tokenType: 'at+jwt',
  status: 'active',
  createdAt: new Date(0),
  updatedAt: new Date(0),
}
const allowed = { resources: [mail], access: [{ resourceId: mail.id, scopes: ['EAS.AccessAsUser.All', 'Mail.Read'] }] }
const grant = { ofResource: ['EAS.AccessAsUser.All', 'Mail.Read', 'Mail.Send'], ofOpenId: ['openid', 'email'] }
const capped = (...scopes: string[]) => capPlainly(allowed, { resource: mail.audience, scopes: new Set(scopes), grant })

test('nothing is given that was not asked for, is not granted, or that the client may not have', () => {
  expect(capped('Mail.Read', 'Mail.Send', 'SMTP.Send')).toEqual({ resource: mail, scope: 'Mail.Read', idScopes: [] })
  expect(capped('Mail.Read', 'openid', 'profile')).toEqual({ resource: mail, scope: 'Mail.Read', idScopes: ['openid'] })
})

test('where nothing is left, or openid is not granted, the long way decides', () => {
  expect(() => capped('Mail.Send')).toThrow(LongWay)
  expect(() => capPlainly(allowed, { resource: 'https://other.contoso.com/', scopes: new Set(['Mail.Read']), grant })).toThrow(
    LongWay,
  )
  const silent = { ...grant, ofOpenId: [] }
  expect(() => capPlainly(allowed, { resource: mail.audience, scopes: new Set(['Mail.Read', 'openid']), grant: silent })).toThrow(
    LongWay,
  )
})
