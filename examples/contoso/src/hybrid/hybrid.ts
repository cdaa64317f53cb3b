/**
 * One side of the hybrid: what the mail server of an organisation needs to know and to say to be asked, and to ask, the other.
 *
 * It owns how the parts are put together. It holds no route: mail-server.ts does.
 */
import type { ActorTokenStatus, ActorTokenUse } from '@postern/resource-server'
import type { ServerAccess } from '../access.ts'
import { type Availability, createAvailability } from '../availability/availability.ts'
import type { Calendar } from '../availability/calendars.ts'
import { EXCHANGE_METADATA_PATH, exchangeMetadata } from '../exchange-metadata.ts'
import type { People } from '../people.ts'
import type { Federation } from '../soap/autodiscover-soap.ts'
import { createMobileSync, type MobileSync } from './mobile-sync.ts'
import { createNeighbour } from './neighbour.ts'
import type { Traces } from './trace.ts'

/** What an administrator writes down on each side. */
export type HybridOptions = Readonly<{
  /** This server's own certificate and key, in PEM. Never those of the other side (CVE-2025-53786). */
  certificate: string
  privateKey: string
  neighbour: Readonly<{ clientId: string; domain: string; baseUrl: string; resource: string }>
  people: People
  calendars: readonly Calendar[]
  /** Lets the owner of the data directory watch single requests; for the demo. */
  traces?: Traces
  /** Asked whether actor tokens still hold, and told of their use; the issuer's connection. */
  status?: ActorTokenStatus
  onUse?: (use: ActorTokenUse) => void
}>

export type Hybrid = Readonly<{
  servers: ServerAccess
  availability: Availability
  federation: Federation
  metadata: Readonly<Record<string, unknown>>
  sync: MobileSync
  traces: Traces | undefined
}>

export function createHybrid(
  options: HybridOptions,
  server: Readonly<{
    issuer: string
    realm: string
    baseUrl: string
    principalId: string
    domain: string
    fetch?: typeof fetch
    clock?: () => Date
    log: (line: string) => void
  }>,
): Hybrid {
  const { certificate, privateKey, neighbour, people } = options
  const { issuer, realm, baseUrl, principalId } = server
  const identity = Object.freeze({ clientId: principalId, certificate, privateKey })
  const transport = {
    ...(server.fetch === undefined ? {} : { fetch: server.fetch }),
    ...(server.clock === undefined ? {} : { clock: server.clock }),
  }
  return Object.freeze({
    servers: Object.freeze({
      audience: `${principalId}/${new URL(baseUrl).hostname}@${realm}`,
      neighbour: { clientId: neighbour.clientId, metadataUrl: `${neighbour.baseUrl}${EXCHANGE_METADATA_PATH}` },
      people,
      ...(options.status === undefined ? {} : { status: options.status }),
      ...(options.onUse === undefined ? {} : { onUse: options.onUse }),
    }),
    availability: createAvailability({
      people,
      calendars: options.calendars,
      neighbour: createNeighbour({ identity, issuer, realm, neighbour, ...transport, log: server.log }),
    }),
    federation: Object.freeze({
      applicationUri: `${baseUrl}/`,
      domains: Object.freeze([server.domain.toLowerCase()]),
      tokenIssuers: Object.freeze([
        { uri: `00000001-0000-0000-c000-000000000000@${realm}`, endpoint: `${issuer}/tokens/OAuth/2` },
      ]),
    }),
    metadata: exchangeMetadata({ certificate, principalId, realm, baseUrl }),
    sync: createMobileSync({ identity, issuer, mailbox: neighbour, ...transport }),
    traces: options.traces,
  })
}
