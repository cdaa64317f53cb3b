import type { MailHost } from '@postern/storage'
import type { ClientPackFacts } from './client-pack.ts'
import { escapeXml } from './xml.ts'

/** The paths of the v2 family below the issuer (protocol/provider.ts has them too, and a test holds both together). */
const AUTHORIZE = '/oauth2/v2.0/authorize'
const TOKEN = '/oauth2/v2.0/token'

/**
 * Mail autoconfig (draft-ietf-mailmaint-autoconfig, format 1.2; F 5.5). Where there is a client to sign in with OAuth, each
 * server is named twice, with OAuth first: programs that cannot sign in here with OAuth take the second, with a password, which
 * the gate judges (F 5.4). `undefined`: no mail server of IMAP or POP is known.
 */
export function renderAutoconfig({ realm, issuer, hosts, clients }: ClientPackFacts): string | undefined {
  const client = clients.thunderbird
  const authentications = client === undefined ? ['password-cleartext'] : ['OAuth2', 'password-cleartext']
  const serversOf = (element: 'incomingServer' | 'outgoingServer', type: string, at: MailHost | undefined) =>
    at === undefined ? [] : authentications.flatMap((one) => renderServer(element, type, at, one))
  const incoming = [...serversOf('incomingServer', 'imap', hosts.imap), ...serversOf('incomingServer', 'pop3', hosts.pop)]
  const [primary] = realm.domains
  if (incoming.length === 0 || primary === undefined) return undefined
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<clientConfig version="1.2">',
    `  <emailProvider id="${escapeXml(primary)}">`,
    ...realm.domains.map((domain) => `    <domain>${escapeXml(domain)}</domain>`),
    `    <displayName>${escapeXml(realm.displayName)}</displayName>`,
    `    <displayShortName>${escapeXml(realm.displayName)}</displayShortName>`,
    ...incoming,
    ...serversOf('outgoingServer', 'smtp', hosts.smtp),
    '  </emailProvider>',
    ...(client === undefined
      ? []
      : [
          '  <oAuth2>',
          `    <authURL>${escapeXml(issuer + AUTHORIZE)}</authURL>`,
          `    <tokenURL>${escapeXml(issuer + TOKEN)}</tokenURL>`,
          `    <issuer>${escapeXml(new URL(issuer).host)}</issuer>`,
          `    <scope>${escapeXml(client.scope)}</scope>`,
          `    <clientID>${escapeXml(client.clientId)}</clientID>`,
          '  </oAuth2>',
        ]),
    '</clientConfig>',
    '',
  ].join('\n')
}

const renderServer = (element: string, type: string, at: MailHost, authentication: string): readonly string[] => [
  `    <${element} type="${type}">`,
  `      <hostname>${escapeXml(at.host)}</hostname>`,
  `      <port>${at.port}</port>`,
  `      <socketType>${at.tls === 'implicit' ? 'SSL' : 'STARTTLS'}</socketType>`,
  '      <username>%EMAILADDRESS%</username>',
  `      <authentication>${authentication}</authentication>`,
  `    </${element}>`,
]
