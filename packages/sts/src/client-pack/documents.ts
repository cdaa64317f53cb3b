import { protectedResourceMetadata } from '@postern/resource-server'
import type { ClientPackFacts } from './client-pack.ts'

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** The RFC 9728 document of the mail server, for `/.well-known/oauth-protected-resource` there. `undefined`: no resource is registered. */
export function renderProtectedResource({ issuer, resource, realm }: ClientPackFacts): string | undefined {
  // A name that is no address (`client_id/host`) can be asked for, but has no document.
  if (resource === undefined || !URL.canParse(resource.audience)) return undefined
  const { audience, scopes } = resource
  return json(
    protectedResourceMetadata({
      resource: audience,
      authorizationServers: [issuer],
      scopesSupported: scopes,
      resourceName: realm.displayName,
    }),
  )
}

/** For `/.well-known/user-agent-configuration.json` of the mail domain (draft-ietf-mailmaint-pacc; F 5.5). */
export function renderUserAgentConfiguration({ issuer, hosts, realm }: ClientPackFacts): string | undefined {
  const { imap, pop, smtp, jmap } = hosts
  const protocols = {
    ...(jmap && { jmap: { url: jmap } }),
    ...(imap && { imap: { host: imap.host } }),
    ...(pop && { pop3: { host: pop.host } }),
    ...(smtp && { smtp: { host: smtp.host } }),
  }
  if (Object.keys(protocols).length === 0) return undefined
  return json({
    protocols,
    authentication: { 'oauth-public': { issuer }, password: true },
    info: { provider: { name: realm.displayName } },
  })
}
