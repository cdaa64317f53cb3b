/** Where a realm's mail servers are, as administrators write it: `imap=mail.contoso.com:993`, `activesync=https://mail.contoso.com/…`. Pure. */
import type { MailHost, MailHosts } from '@postern/storage'
import { isDomainName } from '../realms/realm-registry.ts'
import { loopbackNames } from './metadata-url.ts'

const byPort = ['imap', 'pop', 'smtp'] as const
const byAddress = ['activesync', 'ews', 'jmap'] as const

/** Ports whose connections begin without TLS and turn to it; all others begin with it. */
const startsPlain: ReadonlySet<number> = new Set([143, 110, 587, 25])

/** `undefined`: not in the form. */
export function parseMailHost(text: string): MailHosts | undefined {
  const [name = '', ...rest] = text.split('=')
  const value = rest.join('=')
  const ofPort = byPort.find((one) => one === name)
  if (ofPort !== undefined) {
    const host = parsePort(value)
    return host && { [ofPort]: host }
  }
  const ofAddress = byAddress.find((one) => one === name)
  if (ofAddress === undefined || !URL.canParse(value)) return undefined
  const { protocol, hostname, username, hash } = new URL(value)
  // What does not leave this machine needs no TLS, as in a demo.
  const isSafe = protocol === 'https:' || (protocol === 'http:' && loopbackNames.has(hostname))
  return isSafe && username === '' && hash === '' && value.length <= 500 ? { [ofAddress]: value } : undefined
}

function parsePort(value: string): MailHost | undefined {
  const found = /^([^:/\s]{1,253}):(\d{1,5})(?:\/(implicit|starttls))?$/.exec(value)
  if (found === null) return undefined
  const [, name = '', digits = '', wanted] = found
  const host = name.toLowerCase()
  const port = Number(digits)
  if (!isDomainName(host) || port < 1 || port > 65_535) return undefined
  return {
    host,
    port,
    tls: wanted === 'implicit' || wanted === 'starttls' ? wanted : startsPlain.has(port) ? 'starttls' : 'implicit',
  }
}

export const mergeMailHosts = (texts: readonly string[]): MailHosts =>
  Object.freeze(Object.assign({}, ...texts.map((text) => parseMailHost(text) ?? {})) as MailHosts) // Object.assign of many is not typed

export const renderMailHosts = (hosts: MailHosts): string[] => [
  ...byPort.flatMap((name) => {
    const host = hosts[name]
    return host === undefined ? [] : [`${name}=${host.host}:${host.port}/${host.tls}`]
  }),
  ...byAddress.flatMap((name) => (hosts[name] === undefined ? [] : [`${name}=${hosts[name]}`])),
]
