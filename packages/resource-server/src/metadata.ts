/**
 * metadata writes the document in which a protected resource names its authorization servers (RFC 9728).
 *
 * It owns the document and its address. It does not serve it, and does not read others' documents (discovery.ts does).
 * @module
 */
import { allowedUrl, insertWellKnown } from './web-address.ts'

export type ProtectedResourceOptions = Readonly<{
  /** The resource identifier: an https URL without fragment (http for loopback). Clients compare it with the address they asked. */
  resource: string
  /** Issuers, exactly as their metadata spells them. */
  authorizationServers: readonly string[]
  scopesSupported?: readonly string[]
  /** Shown to people. */
  resourceName?: string
  resourceDocumentation?: string
}>

/** RFC 9728 section 2, as it goes into JSON. */
export type ProtectedResourceMetadata = Readonly<{
  resource: string
  authorization_servers: readonly string[]
  scopes_supported?: readonly string[]
  bearer_methods_supported: readonly ['header']
  resource_name?: string
  resource_documentation?: string
}>

function requireUrl(name: string, value: string): URL {
  const url = allowedUrl(value, true)
  if (url === undefined || url.hash !== '' || value.includes('#')) {
    throw new TypeError(`${name} must be an https URL without fragment (http only for loopback): ${value}`)
  }
  return url
}

/**
 * The RFC 9728 document of a resource, to be served at {@link protectedResourceMetadataPath}.
 * @throws {TypeError} if an address may not be used
 */
export function protectedResourceMetadata(options: ProtectedResourceOptions): ProtectedResourceMetadata {
  requireUrl('resource', options.resource)
  if (options.authorizationServers.length === 0) throw new TypeError('authorizationServers must not be empty')
  for (const issuer of options.authorizationServers) requireUrl('authorizationServers', issuer)
  return Object.freeze({
    resource: options.resource,
    authorization_servers: Object.freeze([...options.authorizationServers]),
    ...(options.scopesSupported === undefined ? {} : { scopes_supported: Object.freeze([...options.scopesSupported]) }),
    bearer_methods_supported: Object.freeze(['header'] as const),
    ...(options.resourceName === undefined ? {} : { resource_name: options.resourceName }),
    ...(options.resourceDocumentation === undefined ? {} : { resource_documentation: options.resourceDocumentation }),
  })
}

/** The path (and query) of the document of `resourceUrl`: `/.well-known/oauth-protected-resource/EWS` for `https://host/EWS`. */
export function protectedResourceMetadataPath(resourceUrl: string): string {
  const { pathname, search } = insertWellKnown(requireUrl('resource', resourceUrl), 'oauth-protected-resource')
  return pathname + search
}
