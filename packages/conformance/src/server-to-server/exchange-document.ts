/**
 * Reads the metadata document that an issuer publishes for servers, at `{issuer}/metadata/json/1`. It judges nothing but that
 * there is one: names of members may be in any case and `keyinfo` at either level, as its readers take them.
 */
import type { Checks } from '../conformance-module.ts'
import { describeDocument } from '../seen.ts'
import type { Target } from '../target.ts'
import { thumbprintOf } from './self-signed.ts'

export interface ExchangeDocument {
  readonly realm: string
  readonly serviceName: string
  readonly issuer: string
  readonly allowedAudiences: readonly string[]
  readonly keys: readonly PublishedKey[]
  readonly endpoints: readonly { readonly location: string; readonly protocol: string; readonly usage: string }[]
}

interface PublishedKey {
  /** As published; empty when it is absent. */
  readonly x5t: string
  /** DER, as far as it is base64. */
  readonly certificate: Uint8Array
  /** Of the certificate that is there. */
  readonly thumbprint: string
}

export const documentUrl = (issuer: string): string => `${issuer.replace(/\/$/, '')}/metadata/json/1`
export const federationUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/FederationMetadata/2007-06/FederationMetadata.xml`

const CLAUSE = 'server-to-server profile, 1'

/**
 * The document. An issuer without one speaks OAuth only: that is recorded as skipped, unless a server was given that it is to
 * know. Another answer than 200 with a JSON object is a failure, and `undefined`.
 */
export async function findExchangeDocument(target: Target, checks: Checks): Promise<ExchangeDocument | undefined> {
  const answer = await target.get(documentUrl(target.issuer))
  if (answer.status === 404 && target.server === undefined) {
    checks.skip(CLAUSE, 'the issuer speaks with servers', 'there is no /metadata/json/1')
    return undefined
  }
  const found = answer.status === 200 && answer.json !== undefined
  checks.must(CLAUSE, 'the metadata document is a JSON object with status 200', found, describeDocument(answer))
  return found ? readDocument(answer.json) : undefined
}

function readDocument(json: unknown): ExchangeDocument {
  const whole = lowered(json)
  return Object.freeze({
    realm: textOf(whole.realm),
    serviceName: textOf(whole.servicename),
    issuer: textOf(whole.issuer),
    allowedAudiences: Object.freeze(listOf(whole.allowedaudiences).map(textOf)),
    keys: Object.freeze(listOf(whole.keys).map((one) => readKey(lowered(one)))),
    endpoints: Object.freeze(
      listOf(whole.endpoints)
        .map(lowered)
        .map((one) => ({ location: textOf(one.location), protocol: textOf(one.protocol), usage: textOf(one.usage) })),
    ),
  })
}

function readKey(key: Readonly<Record<string, unknown>>): PublishedKey {
  const value = lowered(key.keyvalue)
  const information = lowered(key.keyinfo ?? value.keyinfo)
  const certificate = new Uint8Array(Buffer.from(textOf(value.value), 'base64'))
  return Object.freeze({ x5t: textOf(information.x5t).replace(/=+$/, ''), certificate, thumbprint: thumbprintOf(certificate) })
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function lowered(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name.toLowerCase(), one]))
}
