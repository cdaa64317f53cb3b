import type { Client } from '@postern/storage'
import type { PackedClientIds } from '../client-pack/client-pack.ts'
import { mailServerGrants } from './server-grants.ts'

type Preset = Pick<
  Client,
  'displayName' | 'applicationType' | 'authenticationMethod' | 'redirectUris' | 'grantTypes' | 'pkce'
> & {
  /** Absent: each one has its own. */
  readonly id?: string
}

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

const phoneOrDesktop = {
  applicationType: 'native',
  authenticationMethod: 'none',
  grantTypes: ['authorization_code', 'refresh_token', deviceGrant],
  pkce: 'required',
} as const

/**
 * Mail clients whose identifier and redirect addresses are fixed in the program (what was recorded of each: mail OAuth facts,
 * 1.1 and 3.1), and a mail server that asks for tokens of other servers, which proves itself by its certificate.
 */
export const clientPresets = Object.freeze({
  outlook: {
    ...phoneOrDesktop,
    id: 'd3590ed6-52b3-4102-aeff-aad2292ab01c',
    displayName: 'Outlook (desktop)',
    redirectUris: [
      'ms-appx-web://Microsoft.AAD.BrokerPlugin/d3590ed6-52b3-4102-aeff-aad2292ab01c',
      'msauth.com.microsoft.Outlook://auth',
      'urn:ietf:wg:oauth:2.0:oob',
    ],
  },
  'outlook-mobile': {
    ...phoneOrDesktop,
    id: '27922004-5251-4030-b22d-91ecd9a37ea4',
    displayName: 'Outlook (phone)',
    redirectUris: ['urn:ietf:wg:oauth:2.0:oob', 'msauth.com.microsoft.Office.Outlook://auth'],
  },
  'apple-mail': {
    ...phoneOrDesktop,
    id: 'f8d98a96-0999-43f5-8af3-69971c7bb423',
    displayName: 'Apple Mail',
    redirectUris: ['com.apple.Preferences://oauth-redirect'],
    // Recorded on an iPhone: it sends no code challenge, so requiring one would lock it out.
    pkce: 'optional-recorded-phone-client',
  },
  thunderbird: {
    ...phoneOrDesktop,
    id: '9e5f94bc-e8a4-4e73-b8be-63364c29d753',
    displayName: 'Thunderbird',
    redirectUris: ['http://localhost'],
  },
  'mail-server': {
    displayName: 'Mail server',
    applicationType: 'web',
    authenticationMethod: 'private_key_jwt',
    redirectUris: [],
    grantTypes: mailServerGrants,
    pkce: 'required',
  },
} as const satisfies Record<string, Preset>)

/** The programs that client packs are made for. */
export const packedClientIds: PackedClientIds = Object.freeze({
  thunderbird: clientPresets.thunderbird.id,
  apple: clientPresets['apple-mail'].id,
})

export type ClientPreset = keyof typeof clientPresets
export const clientPresetNames = Object.keys(clientPresets) as ClientPreset[] // Object.keys forgets the names that the table is known to have
