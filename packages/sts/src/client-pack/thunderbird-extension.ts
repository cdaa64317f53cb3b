import { createHash } from 'node:crypto'
import { strToU8, zipSync } from 'fflate'
import type { ClientPackFacts } from './client-pack.ts'

/** No file of the archive says when it was made, so that the same facts give the same bytes. */
const madeAt = new Date(1980, 0, 1)

/**
 * An extension that makes this realm known to Thunderbird 140 and newer as the place to sign in for its mail servers
 * (manifest key `oauth_provider`; F 5.4). It has no code. `undefined`: no client for Thunderbird, or no mail server.
 */
export function renderThunderbirdExtension(facts: ClientPackFacts): Uint8Array | undefined {
  const manifest = describeExtension(facts)
  if (manifest === undefined) return undefined
  return zipSync({ 'manifest.json': [strToU8(`${JSON.stringify(manifest, null, 2)}\n`), { mtime: madeAt }] })
}

/** The manifest alone. */
export function describeExtension({ realm, issuer, hosts, clients }: ClientPackFacts) {
  const hostnames = [
    ...new Set([hosts.imap, hosts.pop, hosts.smtp].flatMap((at) => (at === undefined ? [] : [at.host.toLowerCase()]))),
  ]
  const client = clients.thunderbird
  if (client === undefined || hostnames.length === 0) return undefined
  return {
    manifest_version: 2,
    name: `${realm.displayName} sign-in`.slice(0, 75),
    description: `Lets Thunderbird sign in at ${realm.displayName} for its mail servers.`.slice(0, 130),
    version: '1.0.0',
    browser_specific_settings: { gecko: { id: `${extensionName(realm.id)}@postern`, strict_min_version: '140.0' } },
    oauth_provider: {
      issuer: new URL(issuer).host,
      issuerIdentifier: issuer,
      clientId: client.clientId,
      authorizationEndpoint: `${issuer}/oauth2/v2.0/authorize`,
      tokenEndpoint: `${issuer}/oauth2/v2.0/token`,
      redirectionEndpoint: 'http://localhost',
      usePKCE: true,
      hostnames,
      emailDomains: [...realm.domains],
      scopes: client.scope,
    },
  }
}

/** The same for a realm for ever: a newer file replaces the older one. */
const extensionName = (realmId: string): string => `sign-in-${createHash('sha256').update(realmId).digest('hex').slice(0, 16)}`
