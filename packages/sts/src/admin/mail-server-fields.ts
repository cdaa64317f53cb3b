/** What a mail server is registered with, as administrators write it. Pure. */
import { isIP } from 'node:net'
import { findMailProtocol, type MailProtocol } from '../policy/mail/protocols.ts'

/** Where a proxy goes on to: `imap=127.0.0.1:1143`, IPv6 in brackets. nginx takes no host name here. `undefined`: not in the form. */
export function parseUpstream(text: string): { readonly protocol: MailProtocol; readonly target: string } | undefined {
  const [name = '', target = '', ...rest] = text.split('=')
  const protocol = findMailProtocol(name)
  const found = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(target)
  if (protocol === undefined || rest.length > 0 || found === null) return undefined
  const [, six, four, port] = found
  if (isIP(six ?? four ?? '') !== (six === undefined ? 4 : 6) || Number(port) < 1 || Number(port) > 65_535) return undefined
  return Object.freeze({ protocol, target })
}

/** Dovecot's administration over HTTP: its base address, without a path of its own (`/doveadm/v1` is added). */
export function isDoveadmUrl(text: string): boolean {
  if (!URL.canParse(text) || text.length > 500) return false
  const { protocol, username, search, hash } = new URL(text)
  return (protocol === 'https:' || protocol === 'http:') && username === '' && search === '' && hash === ''
}

const scopes: Readonly<Partial<Record<MailProtocol, readonly string[]>>> = Object.freeze({
  activesync: ['EAS.AccessAsUser.All'],
  ews: ['EWS.AccessAsUser.All'],
  imap: ['IMAP.AccessAsUser.All'],
  pop: ['POP.AccessAsUser.All'],
  smtp: ['SMTP.Send'],
  sieve: ['Sieve.AccessAsUser.All'],
  jmap: ['JMAP.AccessAsUser.All'],
})

/** What a new resource of such a mail server knows. */
export function scopesOf(protocols: readonly MailProtocol[]): readonly string[] {
  const known = protocols.flatMap((protocol) => scopes[protocol] ?? [])
  return Object.freeze(known.length > 0 ? [...new Set(known)] : ['Mail.AccessAsUser.All'])
}

/** Dovecot 2.3 reads tokens of type JWT only (F§5.3). */
export const tokenTypeOf = (protocols: readonly MailProtocol[]): 'JWT' | 'at+jwt' =>
  protocols.some((protocol) => ['imap', 'pop', 'smtp', 'sieve'].includes(protocol)) ? 'JWT' : 'at+jwt'
