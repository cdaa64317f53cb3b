import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
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
  const { strToU8, zipSync } = createRequire(import.meta.url)('fflate') as typeof import('fflate') // what the package is typed as
  return zipSync({ 'manifest.json': [strToU8(`${JSON.stringify(manifest, null, 2)}\n`), { mtime: madeAt }] })
}

/**
 * The manifest alone. Only keys that Thunderbird 140 has: it refuses the whole extension for one that it does not know. So
 * `issuerIdentifier` (RFC 9207), which came later, is not among them; without it newer ones hold the origin of `iss` against
 * that of the authorization endpoint, which is the same here.
 */
export function describeExtension({ realm, issuer, hosts, clients }: ClientPackFacts) {
  const hostnames = [
    ...new Set([
      ...[hosts.imap, hosts.pop, hosts.smtp].flatMap((at) => (at === undefined ? [] : [at.host.toLowerCase()])),
      ...(hosts.ews === undefined ? [] : [new URL(hosts.ews).hostname]),
    ]),
  ]
  const client = clients.thunderbird
  if (client === undefined || hostnames.length === 0) return undefined
  return {
    manifest_version: 2,
    name: `${shorten(realm.displayName, 60)} sign-in`,
    description: `Lets Thunderbird sign in at ${shorten(realm.displayName, 80)} for its mail servers.`,
    version: '1.0.0',
    browser_specific_settings: { gecko: { id: `${extensionName(realm.id)}@postern`, strict_min_version: '140.0' } },
    oauth_provider: {
      // Thunderbird keeps one provider by this name and refuses a second, and several realms may share a host.
      issuer: realm.domains[0] ?? new URL(issuer).host,
      clientId: client.clientId,
      authorizationEndpoint: `${issuer}/oauth2/v2.0/authorize`,
      tokenEndpoint: `${issuer}/oauth2/v2.0/token`,
      redirectionEndpoint: 'http://localhost',
      usePKCE: true,
      hostnames,
      scopes: client.scope,
    },
  }
}

/** On one line, in whole characters. */
function shorten(text: string, most: number): string {
  const characters = [
    ...text
      .toWellFormed()
      .replaceAll(/[\p{Cc}\s]+/gu, ' ')
      .trim(),
  ]
  return characters.length <= most
    ? characters.join('')
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

/** The same for a realm for ever: a newer file replaces the older one. */
const extensionName = (realmId: string): string => `sign-in-${createHash('sha256').update(realmId).digest('hex').slice(0, 16)}`
