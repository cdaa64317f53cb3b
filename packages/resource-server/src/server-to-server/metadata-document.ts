/**
 * metadata-document reads the metadata document of a server-to-server partner: who it is and which certificates it signs with.
 *
 * It owns the document's form. It trusts nothing in it: who reads it pins issuer and realm, and decides which hosts may be asked.
 * @module
 */

export type MetadataDocument = Readonly<{
  id?: string
  name?: string
  realm: string
  serviceName: string
  issuer: string
  allowedAudiences: readonly string[]
  /** Signing certificates, in the order of the document. `certificate` is DER; `x5t` is its SHA-1, computed here. */
  keys: readonly Readonly<{ x5t: string; certificate: Uint8Array }>[]
  endpoints: readonly Readonly<{ location: string; protocol: string; usage: string }>[]
}>

export type MetadataReadingOptions = Readonly<{
  /** Exact host names (`host` or `host:port` as in the address) that may be asked. Any other is refused before any connection. */
  allowHosts: readonly string[]
  fetch?: typeof fetch
  allowInsecureLoopback?: boolean
  /** Listed hosts may have private addresses; default false. */
  allowPrivateNetwork?: boolean
  /** For everything together, in milliseconds; default 5000. */
  timeout?: number
}>

/**
 * Reads a document in either known spelling of its member names.
 * @throws {DiscoveryError} `document_malformed`
 */
export function parseMetadataDocument(text: string | Uint8Array): MetadataDocument {
  throw new TypeError(`not built yet: ${text.length}`)
}

/**
 * GETs and reads a document: allow-listed host, no redirect to another origin, at most 512 KiB.
 * @throws {DiscoveryError}
 */
export function readMetadataDocument(url: string, options: MetadataReadingOptions): Promise<MetadataDocument> {
  throw new TypeError(`not built yet: ${url} ${options.allowHosts.length}`)
}
