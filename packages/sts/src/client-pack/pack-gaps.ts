import type { ClientPackFacts, PackedClientIds, PackFileName } from './client-pack.ts'

/** What a file lacks, and what would bring it. */
export interface PackGap {
  readonly file: PackFileName
  /** For an administrator. */
  readonly remedy: string
}

/** Pure: why files are missing, or less than they could be. In the order in which one needs what the other made. */
export function findPackGaps({ realm, hosts, clients, resource }: ClientPackFacts, ids: PackedClientIds): readonly PackGap[] {
  const domain = realm.domains[0] ?? 'contoso.com'
  const isTcp = hosts.imap !== undefined || hosts.pop !== undefined
  const isAny = isTcp || hosts.smtp !== undefined || hosts.ews !== undefined
  const audience = resource?.audience ?? `https://mail.${domain}/`
  const isSome = Object.keys(hosts).length > 0
  const setHosts = (example: string): string =>
    `say where the mail servers are${isSome ? ', those named already once more' : ''}: postern realm change ${domain} ${example}`
  const grant = (preset: string, id: string, name: string): string =>
    `register the program and what it may ask for: postern client add --preset ${preset}; postern client grant ${id} ${name}`
  const servers = setHosts(`--mail-host imap=mail.${domain}:993 --mail-host smtp=mail.${domain}:587`)
  const gaps: (PackGap | false)[] = [
    !isTcp && { file: 'config-v1.1.xml', remedy: servers },
    !isAny && hosts.jmap === undefined && { file: 'user-agent-configuration.json', remedy: servers },
    !isAny && { file: 'postern-thunderbird.xpi', remedy: servers },
    isAny &&
      clients.thunderbird === undefined && {
        file: 'postern-thunderbird.xpi',
        remedy: grant('thunderbird', ids.thunderbird, audience),
      },
    resource === undefined && {
      file: 'oauth-protected-resource.json',
      remedy: `register the mail server under its address: postern resource add ${audience} --scope IMAP.AccessAsUser.All`,
    },
    hosts.activesync === undefined &&
      (hosts.imap === undefined || hosts.smtp === undefined) && {
        file: 'mail.mobileconfig',
        remedy: setHosts(`--mail-host activesync=https://mail.${domain}/Microsoft-Server-ActiveSync`),
      },
    hosts.activesync !== undefined &&
      clients.apple === undefined && {
        file: 'mail.mobileconfig',
        remedy: `with OAuth, ${grant('apple-mail', ids.apple, `${new URL(hosts.activesync).origin}/`)}`,
      },
  ]
  return Object.freeze(gaps.filter((gap) => gap !== false))
}
