/**
 * metadata-document reads the metadata document of a server-to-server partner: who it is and which certificates it signs with.
 *
 * It owns the document's form. It trusts nothing in it: who reads it pins issuer and realm, and decides which hosts may be asked.
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { DiscoveryError } from '../errors.ts'
import { guardedGet, type ResolvedAddress, resolveBySystem } from '../guarded-fetch.ts'
import { type JsonObject, type JsonValue, parseStrictObject } from '../strict-json.ts'
import { thumbprintOf } from '../verification-key.ts'
import { quoted } from './errors.ts'

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
  /** Exact host names, `host` or `host:port` as in the address. Any other host is refused before any connection. */
  allowHosts: readonly string[]
  fetch?: typeof fetch
  /** Accept `http://localhost` and the like, for development. */
  allowInsecureLoopback?: boolean
  /** Listed hosts may have private addresses; default false. */
  allowPrivateNetwork?: boolean
  /** For everything together, in milliseconds; default 5000. */
  timeout?: number
  /** Default: the resolver of the operating system. */
  resolveHost?: (hostname: string) => Promise<readonly ResolvedAddress[]>
}>

type Members = ReadonlyMap<string, JsonValue | undefined>

const maxBytes = 512 * 1024
const mostEntries = 100
const longestText = 2048
const longestCertificate = 32 * 1024
const defaultTimeout = 5000

const malformed = (detail: string, cause?: unknown): DiscoveryError =>
  new DiscoveryError('document_malformed', { detail, ...(cause === undefined ? {} : { cause }) })

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The members of `value` by lower-case name: `keyInfo` and `keyinfo` are both on the wire. Two spellings at once could be read
 * differently by two readers, so they are refused.
 */
function membersOf(value: JsonValue | undefined, what: string): Members {
  if (!isObject(value)) throw malformed(`${what} is not an object`)
  const members = new Map<string, JsonValue | undefined>()
  for (const [name, member] of Object.entries(value)) {
    const lower = name.toLowerCase()
    if (members.has(lower)) throw malformed(`${what} has ${lower} in two spellings`)
    members.set(lower, member)
  }
  return members
}

function readText(members: Members, name: string, longest = longestText): string | undefined {
  const value = members.get(name)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > longest) throw malformed(`${name} is not a text of bounded length`)
  return value
}

function requireText(members: Members, name: string, longest = longestText): string {
  const value = readText(members, name, longest)
  if (value === undefined || value === '') throw malformed(`${name} is missing`)
  return value
}

function readList(members: Members, name: string): readonly JsonValue[] {
  const value = members.get(name) ?? []
  if (!Array.isArray(value) || value.length > mostEntries)
    throw malformed(`${name} is not a list of at most ${mostEntries} entries`)
  return value
}

/** The certificate, whose SHA-1 must be `announced` where the document names one. */
function readCertificate(base64: string, announced: string | undefined): MetadataDocument['keys'][number] {
  const text = base64.replaceAll(/[\r\n]/g, '') // some documents break the lines
  const certificate = Buffer.from(text, 'base64')
  if (certificate.toString('base64') !== text) throw malformed('a certificate is not base64')
  let x5t: string
  try {
    x5t = thumbprintOf(new X509Certificate(certificate))
  } catch (cause) {
    throw malformed('a certificate cannot be read', cause)
  }
  if (announced !== undefined && announced !== x5t)
    throw malformed(`the certificate ${x5t} stands under another x5t, ${quoted(announced)}`)
  return Object.freeze({ x5t, certificate: new Uint8Array(certificate) })
}

/** A signing certificate; undefined for keys of other kinds and for other uses, which documents may hold as well. */
function readKey(value: JsonValue): MetadataDocument['keys'][number] | undefined {
  const key = membersOf(value, 'key')
  const usage = readText(key, 'usage')?.toLowerCase() ?? 'signing'
  const inner = membersOf(key.get('keyvalue'), 'keyvalue')
  if (usage !== 'signing' || readText(inner, 'type')?.toLowerCase() !== 'x509certificate') return undefined
  // `keyinfo` stands beside `keyvalue` in some documents and inside it in others (F§2.2).
  const info = key.get('keyinfo') ?? inner.get('keyinfo')
  const announced = info === undefined ? undefined : readText(membersOf(info, 'keyinfo'), 'x5t')
  return readCertificate(requireText(inner, 'value', longestCertificate), announced?.replace(/={1,2}$/, ''))
}

function readEndpoint(value: JsonValue): MetadataDocument['endpoints'][number] {
  const endpoint = membersOf(value, 'endpoint')
  return Object.freeze({
    location: requireText(endpoint, 'location'),
    protocol: requireText(endpoint, 'protocol'),
    usage: requireText(endpoint, 'usage'),
  })
}

function readAudience(value: JsonValue): string {
  if (typeof value !== 'string' || value.length > longestText) throw malformed('an allowed audience is not a text')
  return value
}

function decode(text: string | Uint8Array): string {
  if (text.length > maxBytes) throw malformed(`longer than ${maxBytes}`)
  if (typeof text === 'string') return text
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text)
  } catch (cause) {
    throw malformed('not UTF-8', cause)
  }
}

/**
 * Reads a document of either known form: `/autodiscover/metadata/json/1` of Exchange-like servers and `/metadata/json/1` of token
 * services, whose member names differ in letter case and place (F§2.1, F§2.2). Unknown members are left alone.
 *
 * Checks form, and that each certificate is one and has the thumbprint it is announced under. Does NOT check dates, key strength, who
 * issued a certificate, or that the document speaks for the server it came from.
 * @throws {DiscoveryError} `document_malformed`
 */
export function parseMetadataDocument(text: string | Uint8Array): MetadataDocument {
  const parsed = parseStrictObject(decode(text))
  if (!parsed.ok) throw malformed(parsed.reason)
  const members = membersOf(parsed.value, 'document')
  const id = readText(members, 'id')
  const name = readText(members, 'name')
  return Object.freeze({
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    realm: requireText(members, 'realm'),
    serviceName: requireText(members, 'servicename'),
    issuer: requireText(members, 'issuer'),
    allowedAudiences: Object.freeze(readList(members, 'allowedaudiences').map(readAudience)),
    keys: Object.freeze(
      readList(members, 'keys')
        .map(readKey)
        .filter((key) => key !== undefined),
    ),
    endpoints: Object.freeze(readList(members, 'endpoints').map(readEndpoint)),
  })
}

/**
 * GETs and reads a document: from a listed host only, without redirects to another origin, at most 512 KiB.
 * @throws {DiscoveryError} `url_not_allowed` for a host that is not listed, before any connection
 */
export async function readMetadataDocument(url: string, options: MetadataReadingOptions): Promise<MetadataDocument> {
  const host = URL.parse(url)?.host
  if (host === undefined || !options.allowHosts.some((allowed) => allowed.toLowerCase() === host)) {
    throw new DiscoveryError('url_not_allowed', { detail: `${url.slice(0, 200)}: the host is not listed` })
  }
  const answer = await guardedGet(
    url,
    { accept: 'application/json' },
    {
      fetch: options.fetch,
      allowInsecureLoopback: options.allowInsecureLoopback ?? false,
      allowPrivateNetwork: options.allowPrivateNetwork ?? false,
      resolveHost: options.resolveHost ?? resolveBySystem,
      maxBytes,
      signal: AbortSignal.timeout(options.timeout ?? defaultTimeout),
    },
  )
  if (answer.status !== 200) throw new DiscoveryError('status_unexpected', { detail: `${url.slice(0, 200)}: ${answer.status}` })
  return parseMetadataDocument(answer.body)
}
