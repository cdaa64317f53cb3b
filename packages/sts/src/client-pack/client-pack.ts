/**
 * client-pack writes the files that set mail clients up for one realm, so that nobody types a host name.
 *
 * It owns their forms: autoconfig, the documents of RFC 9728 and of the mailmaint drafts, Thunderbird's extension, Apple's
 * profile. It is pure. It does not know where the facts come from, serves nothing, and holds no secret: whoever has a file
 * still has to sign in.
 * @module
 */
import type { MailHosts } from '@postern/storage'
import { renderAppleProfile } from './apple-profile.ts'
import { renderAutoconfig } from './autoconfig.ts'
import { renderProtectedResource, renderUserAgentConfiguration } from './documents.ts'
import { renderThunderbirdExtension } from './thunderbird-extension.ts'

/** A client of the realm as a file names it. */
export interface PackedClient {
  readonly clientId: string
  /** What it asks for, as one `scope` parameter. */
  readonly scope: string
}

/** Under which identifiers the programs are registered that the files speak of. */
export interface PackedClientIds {
  readonly thunderbird: string
  readonly apple: string
}

export interface ClientPackFacts {
  readonly realm: { readonly id: string; readonly displayName: string; readonly domains: readonly string[] }
  readonly issuer: string
  readonly hosts: MailHosts
  /** Clients that are registered, active, and may ask the mail server for something. What needs another one is not made. */
  readonly clients: { readonly thunderbird?: PackedClient; readonly apple?: PackedClient }
  /** Audience and scopes of the mail server, where there is a resource for it. */
  readonly resource?: { readonly audience: string; readonly scopes: readonly string[] }
  /** Whose address a personal file names. */
  readonly person?: { readonly address: string; readonly displayName: string }
}

export type PackFileName = (typeof packFileNames)[number]
export const packFileNames = [
  'config-v1.1.xml',
  'user-agent-configuration.json',
  'oauth-protected-resource.json',
  'postern-thunderbird.xpi',
  'mail.mobileconfig',
] as const

export interface PackFile {
  readonly name: PackFileName
  readonly mediaType: string
  readonly content: Uint8Array
}

/** Every file that the facts are enough for, in the order of {@link packFileNames}. The same facts give the same bytes. */
export function renderClientPack(facts: ClientPackFacts): readonly PackFile[] {
  const made: readonly (readonly [PackFileName, string, string | Uint8Array | undefined])[] = [
    ['config-v1.1.xml', 'text/xml; charset=utf-8', renderAutoconfig(facts)],
    ['user-agent-configuration.json', 'application/json', renderUserAgentConfiguration(facts)],
    ['oauth-protected-resource.json', 'application/json', renderProtectedResource(facts)],
    ['postern-thunderbird.xpi', 'application/x-xpinstall', renderThunderbirdExtension(facts)],
    ['mail.mobileconfig', 'application/x-apple-aspen-config', renderAppleProfile(facts)],
  ]
  return Object.freeze(
    made.flatMap(([name, mediaType, written]) => {
      if (written === undefined) return []
      return [Object.freeze({ name, mediaType, content: typeof written === 'string' ? Buffer.from(written, 'utf8') : written })]
    }),
  )
}
