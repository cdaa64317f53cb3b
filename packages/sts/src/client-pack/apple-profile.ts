import { createHash } from 'node:crypto'
import type { MailHost } from '@postern/storage'
import type { ClientPackFacts } from './client-pack.ts'
import { escapeXml } from './xml.ts'

/**
 * A configuration profile for iPhone, iPad and Mac: ActiveSync with OAuth at this realm where it is offered
 * (`com.apple.eas.account` with `OAuth`, `OAuthSignInURL`, `OAuthTokenRequestURL`), else IMAP and SMTP with a password, for
 * which an app password is meant. Not signed: the device says so when it is installed. `undefined`: no server to name.
 */
export function renderAppleProfile(facts: ClientPackFacts): string | undefined {
  const account = activeSyncAccount(facts) ?? imapAccount(facts)
  if (account === undefined) return undefined
  const { realm } = facts
  const profile = {
    ...payload(facts, 'profile', 'Configuration'),
    PayloadDisplayName: realm.displayName,
    PayloadDescription: `Mail of ${realm.displayName}`,
    PayloadOrganization: realm.displayName,
    PayloadRemovalDisallowed: false,
    PayloadContent: [account],
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<plist version="1.0">${renderValue(profile)}</plist>`,
    '',
  ].join('\n')
}

type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value }

function activeSyncAccount(facts: ClientPackFacts): Value | undefined {
  const { realm, issuer, hosts, clients, person } = facts
  if (hosts.activesync === undefined || clients.apple === undefined) return undefined
  return {
    ...payload(facts, 'activesync', 'com.apple.eas.account'),
    PayloadDisplayName: realm.displayName,
    Host: new URL(hosts.activesync).host,
    SSL: hosts.activesync.startsWith('https:'),
    OAuth: true,
    // The addresses of the v1 family: what was recorded of the program sends `resource` and no scope (F 3.1).
    OAuthSignInURL: `${issuer}/oauth2/authorize`,
    OAuthTokenRequestURL: `${issuer}/oauth2/token`,
    ...(person === undefined ? {} : { EmailAddress: person.address, UserName: person.address }),
  }
}

function imapAccount(facts: ClientPackFacts): Value | undefined {
  const { realm, hosts, person } = facts
  const { imap, smtp } = hosts
  if (imap === undefined || smtp === undefined) return undefined
  const server = (way: 'Incoming' | 'Outgoing', at: MailHost) => ({
    [`${way}MailServerHostName`]: at.host,
    [`${way}MailServerPortNumber`]: at.port,
    [`${way}MailServerUseSSL`]: true,
    [`${way}MailServerAuthentication`]: 'EmailAuthPassword',
    ...(person === undefined ? {} : { [`${way}MailServerUsername`]: person.address }),
  })
  return {
    ...payload(facts, 'imap', 'com.apple.mail.managed'),
    PayloadDisplayName: realm.displayName,
    EmailAccountDescription: realm.displayName,
    EmailAccountType: 'EmailTypeIMAP',
    ...(person === undefined ? {} : { EmailAddress: person.address, EmailAccountName: person.displayName }),
    ...server('Incoming', imap),
    ...server('Outgoing', smtp),
    OutgoingPasswordSameAsIncomingPassword: true,
  }
}

/** Two people may share a device, so a profile with an address replaces only those with the same address. */
function payload({ realm, person }: ClientPackFacts, part: string, type: string) {
  const whose = person === undefined ? '' : `.${digestOf(person.address.toLowerCase()).slice(0, 16)}`
  return {
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `postern.${realm.id}${whose}.${part}`,
    PayloadUUID: uuidOf(`${realm.id}${whose} ${part}`),
  }
}

/** The same for a realm for ever, so that a newer profile replaces the older one (RFC 9562 section 5.8, made of a digest). */
function uuidOf(name: string): string {
  const hex = digestOf(`postern client pack ${name}`)
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`.toUpperCase()
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

function renderValue(value: Value): string {
  if (typeof value === 'string') return `<string>${escapeXml(value)}</string>`
  if (typeof value === 'number') return `<integer>${value}</integer>`
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>'
  if (Array.isArray(value)) return `<array>${value.map(renderValue).join('')}</array>`
  const members = Object.entries(value).map(([name, member]) => `<key>${escapeXml(name)}</key>${renderValue(member)}`)
  return `<dict>${members.join('')}</dict>`
}
