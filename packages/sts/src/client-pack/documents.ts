import { protectedResourceMetadata } from '@postern/resource-server'
import type { ClientPackFacts } from './client-pack.ts'

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/**
 * The RFC 9728 document of the mail server, for `/.well-known/oauth-protected-resource` there. `undefined`: no resource is
 * registered, or its name or the issuer is no address that such a document may hold.
 */
export function renderProtectedResource({ issuer, resource, realm }: ClientPackFacts): string | undefined {
  // A name that is no address (`client_id/host`, `urn:…`) can be asked for, but has no document.
  if (resource === undefined || !mayBeNamed(resource.audience) || !mayBeNamed(issuer)) return undefined
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

/** As RFC 9728 section 1.2 has it; http for this machine alone, as in development. */
function mayBeNamed(address: string): boolean {
  const url = URL.parse(address)
  if (url === null || address.includes('#') || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
}

/** For `/.well-known/user-agent-configuration.json` of the mail domain (draft-ietf-mailmaint-pacc; F 5.5). */
export function renderUserAgentConfiguration({ issuer, hosts, realm, clients }: ClientPackFacts): string | undefined {
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
    authentication: { ...(clients.thunderbird && { 'oauth-public': { issuer } }), password: true },
    info: { provider: { name: realm.displayName } },
  })
}
