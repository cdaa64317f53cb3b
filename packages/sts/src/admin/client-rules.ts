/** What must agree within one client, whoever registers it. Pure. */
import type { Client } from '@postern/storage'
import { findRedirectUriProblem } from '../protocol/registration/redirect-uris.ts'
import { deviceGrant } from './client-presets.ts'
import { OperationRefused } from './errors.ts'
import { isServer, jwtBearerGrant } from './server-grants.ts'

/** @throws {OperationRefused} `invalid`, with every problem */
export function checkClient(client: Client): Client {
  const { applicationType, authenticationMethod: method, grantTypes: wanted } = client
  const has = (grant: string) => wanted.includes(grant)
  const problems = [
    ...[...client.redirectUris, ...client.postLogoutRedirectUris].flatMap((uri) => {
      const problem = findRedirectUriProblem(uri, applicationType)
      return problem === undefined ? [] : [`${uri} ${problem}`]
    }),
    ...(has('authorization_code') && client.redirectUris.length === 0 ? ['The authorization code needs a redirect URI'] : []),
    ...(!has('authorization_code') && client.redirectUris.length > 0
      ? ['A redirect URI needs the grant authorization_code']
      : []),
    ...(has('client_credentials') && method === 'none' ? ['A client without a credential cannot use client_credentials'] : []),
    // A secret that two know could be shown by either of them (R27).
    ...(isServer(client) && method !== 'private_key_jwt'
      ? [
          `A server that asks for tokens of other servers proves itself by private_key_jwt alone, not by ${method}: a shared secret or none would let others speak for it`,
        ]
      : []),
    ...(has('refresh_token') && !['authorization_code', deviceGrant, jwtBearerGrant].some(has)
      ? ['A refresh token comes from authorization_code, the device grant, or jwt-bearer on behalf of a person']
      : []),
    ...(client.pkce !== 'required' && (applicationType !== 'native' || method !== 'none')
      ? ['The exception from PKCE is for public native clients']
      : []),
    ...(client.backchannelLogoutUri !== undefined && findRedirectUriProblem(client.backchannelLogoutUri, 'web') !== undefined
      ? [`${client.backchannelLogoutUri} ${findRedirectUriProblem(client.backchannelLogoutUri, 'web')}`]
      : []),
  ]
  if (problems.length > 0) throw new OperationRefused('invalid', problems.join('; '), { problems })
  return client
}
