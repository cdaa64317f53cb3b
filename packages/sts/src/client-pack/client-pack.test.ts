import { DOMParser, type Element, onErrorStopParsing } from '@xmldom/xmldom'
import { strFromU8, unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { type ClientPackFacts, type PackFileName, renderClientPack } from './client-pack.ts'

const facts: ClientPackFacts = {
  realm: { id: '8f1f2a64-0000-4000-8000-000000000001', displayName: 'Contoso', domains: ['contoso.com', 'contoso.de'] },
  issuer: 'https://sts.contoso.com/8f1f2a64-0000-4000-8000-000000000001',
  hosts: {
    imap: { host: 'imap.contoso.com', port: 993, tls: 'implicit' },
    smtp: { host: 'smtp.contoso.com', port: 587, tls: 'starttls' },
    activesync: 'https://mail.contoso.com/Microsoft-Server-ActiveSync',
    ews: 'https://mail.contoso.com/EWS/Exchange.asmx',
  },
  clients: {
    thunderbird: { clientId: 'tb', scope: 'https://mail.contoso.com/IMAP.AccessAsUser.All offline_access' },
    apple: { clientId: 'apple', scope: 'EAS.AccessAsUser.All' },
  },
  resource: { audience: 'https://mail.contoso.com/', scopes: ['IMAP.AccessAsUser.All', 'EAS.AccessAsUser.All'] },
}
const person = { address: 'mary@contoso.com', displayName: 'Mary Rivera' }
const hostile = [
  `</string></dict><key>Host</key><string>evil.example</string> & "quoted" 'too' ]]> <!DOCTYPE x> %2e \${x}`,
  'null\u0000 bell\u0007 escape\u001b newline\n tab\t next\u0085 separator\u2028 override\u202e lone\ud800 last\uffff',
  '\u{1f4ec}'.repeat(10_000),
  '',
]

const bytesOf = (of: ClientPackFacts, name: PackFileName): Uint8Array | undefined =>
  renderClientPack(of).find((one) => one.name === name)?.content
const textOf = (of: ClientPackFacts, name: PackFileName): string => Buffer.from(bytesOf(of, name) ?? []).toString('utf8')
const xmlOf = (text: string, type: string): Element => {
  const { documentElement } = new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, type)
  if (documentElement === null) throw new TypeError('an empty document')
  return documentElement
}
const manifestOf = (of: ClientPackFacts) =>
  JSON.parse(
    strFromU8(unzipSync(bytesOf(of, 'postern-thunderbird.xpi') ?? new Uint8Array())['manifest.json'] ?? new Uint8Array()),
  ) as {
    name: string
    description: string
    browser_specific_settings: { gecko: { id: string } }
    oauth_provider: Record<string, unknown>
  }
const elements = (parent: Element): Element[] => [...parent.childNodes].filter((node): node is Element => node.nodeType === 1)
/** A property list as its programs read it. */
const readPlist = (element: Element): unknown => {
  const inside = elements(element)
  if (element.tagName === 'dict') {
    const members = inside
      .filter((_, at) => at % 2 === 0)
      .map((key, at) => [key.textContent, readPlist(inside[at * 2 + 1] as Element)])
    return Object.fromEntries(members)
  }
  if (element.tagName === 'array') return inside.map(readPlist)
  if (element.tagName === 'true' || element.tagName === 'false') return element.tagName === 'true'
  return element.tagName === 'integer' ? Number(element.textContent) : element.textContent
}
const profileOf = (of: ClientPackFacts) => {
  const [root] = elements(xmlOf(textOf(of, 'mail.mobileconfig'), 'application/xml'))
  return readPlist(root as Element) as Record<string, unknown> & { PayloadContent: [Record<string, unknown>] }
}

test('the same facts give the same bytes, and every file is made when they are enough', () => {
  const [once, again] = [renderClientPack(facts), renderClientPack(structuredClone(facts))]
  expect(once.map(({ name }) => name)).toEqual([
    'config-v1.1.xml',
    'user-agent-configuration.json',
    'oauth-protected-resource.json',
    'postern-thunderbird.xpi',
    'mail.mobileconfig',
  ])
  for (const [at, { content }] of once.entries()) expect(Buffer.compare(content, again[at]?.content ?? new Uint8Array())).toBe(0)
})

test('autoconfig names each server with OAuth first and a password second, and where to sign in', () => {
  const config = xmlOf(textOf(facts, 'config-v1.1.xml'), 'text/xml')
  const all = (name: string) => [...config.getElementsByTagName(name)].map((one) => one.textContent)
  expect(all('domain')).toEqual(['contoso.com', 'contoso.de'])
  expect(all('hostname')).toEqual(['imap.contoso.com', 'imap.contoso.com', 'smtp.contoso.com', 'smtp.contoso.com'])
  expect(all('authentication')).toEqual(['OAuth2', 'password-cleartext', 'OAuth2', 'password-cleartext'])
  expect(all('socketType')).toEqual(['SSL', 'SSL', 'STARTTLS', 'STARTTLS'])
  expect(all('authURL')).toEqual([`${facts.issuer}/oauth2/v2.0/authorize`])
  expect(all('clientID')).toEqual(['tb'])
})

test('where no program is registered that could sign in with OAuth, none is told to', () => {
  const plain = { ...facts, clients: {} }
  expect(textOf(plain, 'config-v1.1.xml')).not.toContain('OAuth2')
  expect(textOf(plain, 'user-agent-configuration.json')).not.toContain('oauth-public')
  expect(bytesOf(plain, 'postern-thunderbird.xpi')).toBeUndefined()
})

test('the manifest has exactly the keys that the schema of Thunderbird 140 has, and no code', () => {
  const files = unzipSync(bytesOf(facts, 'postern-thunderbird.xpi') ?? new Uint8Array())
  expect(Object.keys(files)).toEqual(['manifest.json'])
  const { oauth_provider: provider, name } = manifestOf(facts)
  // Thunderbird refuses the whole extension for a key that it does not know; clientSecret is the only one left out.
  expect(Object.keys(provider).toSorted()).toEqual([
    'authorizationEndpoint',
    'clientId',
    'hostnames',
    'issuer',
    'redirectionEndpoint',
    'scopes',
    'tokenEndpoint',
    'usePKCE',
  ])
  expect(provider.hostnames).toEqual(['imap.contoso.com', 'smtp.contoso.com', 'mail.contoso.com'])
  expect(name).toBe('Contoso sign-in')
})

test('two realms on one host are two providers for Thunderbird, and a newer file replaces the older one of its realm', () => {
  const other = { ...facts, realm: { id: 'another', displayName: 'Fabrikam', domains: ['fabrikam.com'] } }
  const [one, two] = [manifestOf(facts), manifestOf(other)]
  expect(one.oauth_provider.issuer).not.toBe(two.oauth_provider.issuer)
  expect(one.browser_specific_settings.gecko.id).not.toBe(two.browser_specific_settings.gecko.id)
  const renamed = manifestOf({ ...facts, realm: { ...facts.realm, displayName: 'Contoso Ltd' } })
  expect(renamed.browser_specific_settings).toEqual(one.browser_specific_settings)
})

test('the profile sets ActiveSync up with the sign-in of this realm, and knows its person only where one is given', () => {
  const {
    PayloadContent: [account],
    ...profile
  } = profileOf(facts)
  expect(account).toMatchObject({
    PayloadType: 'com.apple.eas.account',
    Host: 'mail.contoso.com',
    SSL: true,
    OAuth: true,
    OAuthSignInURL: `${facts.issuer}/oauth2/authorize`,
    OAuthTokenRequestURL: `${facts.issuer}/oauth2/token`,
  })
  expect(account).not.toHaveProperty('EmailAddress')
  const own = profileOf({ ...facts, person })
  expect(own.PayloadContent[0]).toMatchObject({ EmailAddress: person.address, UserName: person.address })
  // Two people may share a device.
  expect(own.PayloadIdentifier).not.toBe(profile.PayloadIdentifier)
  expect(own.PayloadUUID).toMatch(/^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/)
})

test('without ActiveSync, or without its program, the profile sets IMAP and SMTP up with a password', () => {
  for (const plain of [
    { ...facts, clients: {} },
    { ...facts, hosts: { imap: facts.hosts.imap, smtp: facts.hosts.smtp } },
  ]) {
    expect(profileOf({ ...plain, person } as ClientPackFacts).PayloadContent[0]).toMatchObject({
      PayloadType: 'com.apple.mail.managed',
      IncomingMailServerHostName: 'imap.contoso.com',
      IncomingMailServerPortNumber: 993,
      OutgoingMailServerPortNumber: 587,
      IncomingMailServerUsername: person.address,
    })
  }
})

test('names of a realm break no form, whatever stands in them', () => {
  for (const displayName of hostile) {
    const odd: ClientPackFacts = {
      ...facts,
      realm: { ...facts.realm, displayName },
      person: { address: 'a&<b>@contoso.com', displayName },
    }
    const config = xmlOf(textOf(odd, 'config-v1.1.xml'), 'text/xml')
    expect(config.getElementsByTagName('hostname')).toHaveLength(4)
    expect(profileOf(odd).PayloadContent[0]).toMatchObject({ Host: 'mail.contoso.com', EmailAddress: 'a&<b>@contoso.com' })
    const { name, description, oauth_provider: provider } = manifestOf(odd)
    expect([...name].length).toBeLessThanOrEqual(75)
    expect([...description].length).toBeLessThanOrEqual(132)
    expect(`${name}${description}`).not.toMatch(/\p{Cc}|\p{Cs}/u)
    expect(provider.hostnames).toHaveLength(3)
    for (const file of ['user-agent-configuration.json', 'oauth-protected-resource.json'] as const)
      expect(JSON.parse(textOf(odd, file))).toBeTypeOf('object')
  }
})

test('what is no address of a mail server has no document of RFC 9728, and breaks nothing', () => {
  for (const audience of [
    'urn:contoso:mail',
    '00000002-0000-0ff1-ce00-000000000000/mail.contoso.com',
    'http://mail.contoso.com/',
    'https://u:p@mail.contoso.com/',
    'https://mail.contoso.com/#x',
  ])
    expect(bytesOf({ ...facts, resource: { audience, scopes: [] } }, 'oauth-protected-resource.json'), audience).toBeUndefined()
  expect(JSON.parse(textOf(facts, 'oauth-protected-resource.json'))).toMatchObject({
    resource: 'https://mail.contoso.com/',
    authorization_servers: [facts.issuer],
  })
})

test('a realm that has said nothing gets no file', () => {
  const { realm, issuer } = facts
  expect(renderClientPack({ realm, issuer, hosts: {}, clients: facts.clients })).toEqual([])
})
