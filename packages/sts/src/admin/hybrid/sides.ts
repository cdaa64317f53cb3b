/**
 * sides learns who the two servers are: from the metadata that they publish, from certificates that are handed in, or by
 * making keys for servers that have none.
 *
 * It reads documents of the two hosts that the administrator named and of no other, and files; it changes nothing in the
 * realm. A document is believed as far as `partners` would believe it at its first reading.
 */
import { createHash } from 'node:crypto'
import type { MetadataDocument } from '@postern/resource-server'
import type { ClientId } from '@postern/storage'
import { readingRefusals } from '../../partners/errors.ts'
import { problemOfReading } from '../../partners/problem-of-reading.ts'
import { decideReading } from '../../partners/reading.ts'
import { OperationRefused } from '../errors.ts'
import { metadataUrlOf, parseBaseAddress } from '../metadata-url.ts'
import type { RealmPorts } from '../operation.ts'
import { isTargetName, toTargetName } from '../target-names.ts'
import type { GivenSide } from './hybrid.ts'
import { findKeyFiles, type KeyFiles, makeKeyFiles, removeMadeFiles } from './key-files.ts'
import { readRecord } from './made.ts'
import type { Place } from './wanted.ts'

/** What an administrator says of one server. */
export interface AskedSide {
  readonly place: Place
  readonly url: string
  readonly client: string | undefined
  /** PEM. */
  readonly certificate: string | undefined
}

export interface AskedHybrid {
  readonly name: string
  readonly sides: readonly [AskedSide, AskedSide]
  /** Where keys are made for servers that have none. */
  readonly directory: string | undefined
  readonly domains: readonly string[]
  readonly dryRun: boolean
}

export interface LearntSide {
  readonly side: GivenSide
  readonly files?: KeyFiles
  /** A pair that a real run would make. */
  readonly wouldMake?: { readonly directory: string }
  /** What the server calls itself in its document, where that is not its client id here. */
  readonly callsItself?: string
}

const fileNames = { onPremises: 'on-premises', cloud: 'cloud' } as const
/** What an Exchange server calls itself (F§1.1); the cloud's must have another name. */
const exchange = '00000002-0000-0ff1-ce00-000000000000'

/** @throws {OperationRefused} `invalid`, `conflict`, `key_refused`, `metadata_refused` */
export async function learnSides(at: RealmPorts, asked: AskedHybrid): Promise<readonly [LearntSide, LearntSide]> {
  const [one, other] = asked.sides
  const allowHosts = [one, other].map(({ url }) => new URL(requireBase(url)).host)
  // One after the other, so that a refusal of the second leaves no key of the first behind.
  const first = await learnSide(at, asked, { ...one, allowHosts })
  try {
    return [first, await learnSide(at, asked, { ...other, allowHosts })]
  } catch (error) {
    await removeMadeFiles(first.files === undefined ? [] : [first.files])
    throw error
  }
}

async function learnSide(
  at: RealmPorts,
  asked: AskedHybrid,
  side: AskedSide & { readonly allowHosts: readonly string[] },
): Promise<LearntSide> {
  const url = requireBase(side.url)
  if (side.certificate === undefined && asked.directory === undefined) return learnFromDocument(at, asked, { ...side, url })
  const client =
    side.client ?? (await recordedClient(at, asked, side.place)) ?? (side.place === 'cloud' ? clientIdFor(url, at) : exchange)
  requireNameable(client, url)
  if (side.certificate !== undefined) return { side: { url, client, certificates: [side.certificate] } }
  const directory = asked.directory ?? ''
  const files = await findKeyFiles(directory, fileNames[side.place])
  if (files !== undefined) return { side: { url, client, certificates: [files.certificate] }, files }
  if (asked.dryRun) return { side: { url, client, certificates: [] }, wouldMake: { directory } }
  const key = await at.newSigningKey({ algorithm: 'RS256', commonName: certificateNameOfHost(url, at), now: at.clock() })
  const made = await makeKeyFiles(directory, fileNames[side.place], key)
  return { side: { url, client, certificates: [made.certificate] }, files: made }
}

/**
 * The id of a server that says none: a UUID (RFC 9562, version 8) of the realm and the address, so that a dry run names the one
 * that the real run takes, and a server that was told it keeps it when it is set up again.
 */
function clientIdFor(url: string, { realm }: RealmPorts): string {
  const bytes = createHash('sha256').update(`hybrid client\0${realm.id}\0${url}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Letters, digits, dots and hyphens, at most 64; an address of an IPv6 host has others. */
const certificateNameOfHost = (url: string, { realm }: RealmPorts): string => {
  const { hostname } = new URL(url)
  return /^[A-Za-z0-9.-]{1,64}$/.test(hostname) ? hostname : realm.id
}

async function learnFromDocument(
  at: RealmPorts,
  asked: AskedHybrid,
  { place, url: base, client: named, allowHosts }: AskedSide & { readonly allowHosts: readonly string[] },
): Promise<LearntSide> {
  const url = metadataUrlOf(base)
  const document = await readDocument(at, url, allowHosts)
  const client = named ?? (await recordedClient(at, asked, place)) ?? document.serviceName
  requireNameable(client, base)
  const present = (await at.kept.partners.principals()).find((one) => one.client.id === client)?.partner
  // Whoever is called otherwise here is known by the pin, which this first reading makes.
  const partner =
    present?.metadataUrl === url && present.pinned !== undefined
      ? present
      : { clientId: document.serviceName as ClientId, acceptsUnsignedUserTokens: false } // compared with itself
  const realm = { id: at.realm.id, domains: [...at.realm.domains, ...asked.domains] }
  const decision = decideReading({ partner, realm, credentials: [], document, now: at.clock() })
  if (decision.outcome === 'refused') {
    const { cause, remedy } = readingRefusals[decision.code]
    throw new OperationRefused('metadata_refused', `${url}: ${cause} ${remedy} (${decision.detail})`)
  }
  const thumbprints = new Set(decision.add.map(({ x5t }) => x5t))
  return {
    side: {
      url: base,
      client,
      ...(document.name === undefined ? {} : { displayName: shownName(document.name, place) }),
      certificates: document.keys.filter(({ x5t }) => thumbprints.has(x5t)).map(({ certificate }) => certificate),
      metadata: { url, pinned: decision.pinned },
    },
    ...(document.serviceName === client ? {} : { callsItself: document.serviceName }),
  }
}

async function readDocument(at: RealmPorts, url: string, allowHosts: readonly string[]): Promise<MetadataDocument> {
  try {
    return await at.readMetadata(url, { allowHosts })
  } catch (error) {
    const problem = problemOfReading(error)
    if (problem === undefined) throw error
    const instead = 'hand its certificate in (--certificate, --cloud-certificate) or have one made (--make-certificates)'
    throw new OperationRefused(
      'metadata_refused',
      problem.outcome === 'unavailable'
        ? `${url} was not to be had: ${problem.detail}. If that server publishes no metadata, ${instead}.`
        : `${url} answers, and what it says cannot be used: ${problem.detail}. Have that put right at the server: each x5t must be the SHA-1 of its certificate in base64url, for example. Or do without its metadata: ${instead}.`,
      { cause: error },
    )
  }
}

/** The name in a document is anybody's text. */
const shownName = (name: string, place: Place): string =>
  `${name.replaceAll(/\p{C}/gu, '').slice(0, 80)} (${place === 'cloud' ? 'cloud' : 'on premises'})`

/** How an earlier run called this side. */
async function recordedClient(at: RealmPorts, { name }: AskedHybrid, place: Place): Promise<string | undefined> {
  const hybrid = await at.kept.hybrids.find(name)
  return hybrid && readRecord(hybrid.made)[place].client
}

function requireBase(text: string): string {
  const base = parseBaseAddress(text)
  if (base !== undefined) return base
  throw new OperationRefused(
    'invalid',
    `${text} must be the base address of a mail server, without a path: https://mail.contoso.com/ (http for this machine only)`,
  )
}

function requireNameable(client: string, url: string): void {
  if (isTargetName(toTargetName(client, new URL(url).hostname))) return
  throw new OperationRefused(
    'invalid',
    `${client} at ${url} cannot be asked for by other servers: a client id of letters, digits, dots, hyphens and underscores, and a host name, are needed.`,
  )
}
