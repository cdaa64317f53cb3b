import type { Client, MailHosts, Realm, Resource } from '@postern/storage'
import { expect, test } from 'vitest'
import { findPackGaps } from '../client-pack/pack-gaps.ts'
import { decideFacts } from './packed-facts.ts'

const ids = { thunderbird: 'tb', apple: 'apple' }
const hosts: MailHosts = {
  imap: { host: 'mail.contoso.com', port: 993, tls: 'implicit' },
  smtp: { host: 'mail.contoso.com', port: 587, tls: 'starttls' },
  activesync: 'https://mail.contoso.com/Microsoft-Server-ActiveSync',
}
const at = new Date(0)
const resource = (audience: string, scopes: readonly string[], change: Partial<Resource> = {}): Resource => ({
  id: audience as Resource['id'],
  displayName: audience,
  audience,
  names: [audience],
  scopes,
  algorithm: 'RS256',
  tokenType: 'at+jwt',
  status: 'active',
  createdAt: at,
  updatedAt: at,
  ...change,
})
const mail = resource('https://mail.contoso.com/', [
  'EAS.AccessAsUser.All',
  'IMAP.AccessAsUser.All',
  'POP.AccessAsUser.All',
  'SMTP.Send',
])
const client = (id: string, granted: readonly Resource[], status: Client['status'] = 'active') =>
  ({ id, status, access: granted.map(({ id: resourceId, scopes }) => ({ resourceId, scopes })) }) as unknown as Client // nothing else of it is read
const decide = (given: { resources?: readonly Resource[]; thunderbird?: Client; apple?: Client; mailHosts?: MailHosts }) =>
  decideFacts({
    realm: {
      id: 'r' as Realm['id'],
      displayName: 'Contoso',
      domains: ['contoso.com'],
      settings: { mailHosts: given.mailHosts ?? hosts } as Realm['settings'],
    },
    issuer: 'https://sts.contoso.com/r',
    resources: given.resources ?? [mail],
    thunderbird: given.thunderbird,
    apple: given.apple,
  })

test('Thunderbird asks for what its servers need, behind the audience, and to be renewed', () => {
  expect(decide({ thunderbird: client('tb', [mail]) }).clients.thunderbird).toEqual({
    clientId: 'tb',
    scope: 'https://mail.contoso.com/IMAP.AccessAsUser.All https://mail.contoso.com/SMTP.Send offline_access',
  })
})

test('scopes with names of their own are all asked for, those of other protocols never', () => {
  const own = resource('urn:mail', ['mail'])
  expect(decide({ resources: [own], thunderbird: client('tb', [own]) }).clients.thunderbird?.scope).toBe(
    'urn:mail/mail offline_access',
  )
  const phones = resource('https://mail.contoso.com/', ['EAS.AccessAsUser.All'])
  expect(decide({ resources: [phones], thunderbird: client('tb', [phones]) }).clients.thunderbird).toBeUndefined()
})

test('of several resources the one that opens the most is meant, since a token is for one', () => {
  const calendar = resource('https://calendar.contoso.com/', ['IMAP.AccessAsUser.All'])
  const { clients, resource: named } = decide({ resources: [calendar, mail], thunderbird: client('tb', [calendar, mail]) })
  expect(clients.thunderbird?.scope).not.toContain('calendar')
  expect(named?.audience).toBe(mail.audience)
})

test('a program that is disabled, unknown, or may ask for nothing is not named', () => {
  expect(decide({}).clients).toEqual({})
  expect(decide({ thunderbird: client('tb', [mail], 'disabled'), apple: client('apple', [mail], 'disabled') }).clients).toEqual(
    {},
  )
  expect(decide({ thunderbird: client('tb', []), apple: client('apple', []) }).clients).toEqual({})
  const off = { ...mail, status: 'disabled' as const }
  expect(decide({ resources: [off], thunderbird: client('tb', [off]), apple: client('apple', [off]) })).toMatchObject({
    clients: {},
  })
})

test('Apple Mail is named only where the resource is called like its server, for that is what it asks for', () => {
  expect(decide({ apple: client('apple', [mail]) }).clients.apple?.clientId).toBe('apple')
  const elsewhere = resource('https://eas.contoso.com/', ['EAS.AccessAsUser.All'])
  expect(decide({ resources: [elsewhere], apple: client('apple', [elsewhere]) }).clients.apple).toBeUndefined()
})

test('gaps say what to do, in commands, and there are none where nothing is missing', () => {
  const complete = decide({ thunderbird: client('tb', [mail]), apple: client('apple', [mail]) })
  expect(findPackGaps(complete, ids)).toEqual([])
  const nothing = findPackGaps(decide({ mailHosts: {} }), ids)
  expect(nothing.map(({ file }) => file)).toEqual([
    'config-v1.1.xml',
    'user-agent-configuration.json',
    'postern-thunderbird.xpi',
    'oauth-protected-resource.json',
    'mail.mobileconfig',
  ])
  expect(nothing[0]?.remedy).toContain('postern realm change contoso.com --mail-host imap=')
  expect(findPackGaps(decide({}), ids)).toEqual([
    { file: 'postern-thunderbird.xpi', remedy: expect.stringContaining('postern client grant tb https://mail.contoso.com/') },
    { file: 'mail.mobileconfig', remedy: expect.stringContaining('postern client grant apple https://mail.contoso.com/') },
  ])
})
