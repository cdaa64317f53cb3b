import type { Client, Delegation, Partner, RealmStore, Resource, ServicePrincipal } from '@postern/storage'
import { z } from 'zod'
import { readingRefusals } from '../../partners/errors.ts'
import { isFromMetadata, type RefreshOutcome } from '../../partners/partners.ts'
import { OperationRefused } from '../errors.ts'
import { clientId, when } from '../fields.ts'
import { findMetadataUrlProblem } from '../metadata-url.ts'
import { operation, type RealmPorts } from '../operation.ts'
import { howToAllow } from '../partner-hosts.ts'
import { isServer, withdrawActorTokens } from '../server-grants.ts'
import { requireClient } from './client.ts'

const some = z.object({ client: clientId })

const partnerView = z.object({
  client: z.string(),
  displayName: z.string(),
  status: z.enum(['active', 'disabled']),
  names: z.array(z.string()),
  mayAskFor: z.array(z.string()),
  actsForPeopleAt: z.array(z.string()),
  certificates: z.array(
    z.object({ x5t: z.string(), expiresAt: when.optional(), from: z.enum(['hand', 'metadata']), credential: z.string() }),
  ),
  metadata: z
    .object({
      url: z.string(),
      issuer: z.string().optional(),
      realm: z.string().optional(),
      readAt: when.optional(),
      problem: z.string().optional(),
    })
    .optional(),
  acceptsUnsignedUserTokens: z.boolean(),
  tokensValidFrom: when.optional(),
})

const columns = ['client', 'displayName', 'status', 'names', 'mayAskFor', 'actsForPeopleAt']

interface Surroundings {
  readonly resources: readonly Resource[]
  readonly delegations: readonly Delegation[]
}

const toMetadataView = ({ metadataUrl: url, pinned, metadataReadAt: readAt, metadataProblem: problem }: Partner) =>
  url === undefined
    ? undefined
    : {
        url,
        ...(pinned === undefined ? {} : { issuer: pinned.issuer, realm: pinned.realm }),
        ...(readAt === undefined ? {} : { readAt: readAt.toISOString() }),
        ...(problem === undefined ? {} : { problem }),
      }

function toPartnerView(
  { client, certificates, partner }: ServicePrincipal,
  { resources, delegations }: Surroundings,
): z.input<typeof partnerView> {
  const audienceOf = (id: string) => resources.find((one) => one.id === id)?.audience ?? id
  const metadata = toMetadataView(partner)
  return {
    client: client.id,
    displayName: client.displayName,
    status: client.status,
    names: resources.filter(({ principalId }) => principalId === client.id).flatMap(({ names }) => [...names]),
    mayAskFor: client.access.map(({ resourceId }) => audienceOf(resourceId)),
    actsForPeopleAt: delegations
      .filter((one) => one.clientId === client.id)
      .map(
        ({ resourceId, scopes, exceptGroups }) =>
          `${audienceOf(resourceId)} (${scopes.join(' ')})${exceptGroups.length === 0 ? '' : ` except ${exceptGroups.join(', ')}`}`,
      ),
    certificates: certificates.map((one) => ({
      x5t: one.x5t,
      ...(one.expiresAt === undefined ? {} : { expiresAt: one.expiresAt.toISOString() }),
      from: isFromMetadata(one) ? 'metadata' : 'hand',
      credential: one.id,
    })),
    ...(metadata === undefined ? {} : { metadata }),
    acceptsUnsignedUserTokens: partner.acceptsUnsignedUserTokens,
    ...(partner.tokensValidFrom === undefined ? {} : { tokensValidFrom: partner.tokensValidFrom.toISOString() }),
  }
}

const surroundingsOf = async (kept: RealmStore): Promise<Surroundings> => ({
  resources: await kept.resources.list(),
  delegations: await kept.delegations.list(),
})

/** @throws {OperationRefused} `missing`, or `invalid` for a client that is no server */
async function requireServer(kept: RealmStore, id: string): Promise<Client> {
  const client = await requireClient(kept, id)
  if (isServer(client) || (await kept.partners.find(client.id)) !== undefined) return client
  throw new OperationRefused(
    'invalid',
    `${client.id} takes no part in server-to-server authentication. For that: postern client change ${client.id} --authentication-method private_key_jwt --grant-type jwt-bearer`,
  )
}

async function viewOf(kept: RealmStore, client: Client): Promise<z.input<typeof partnerView>> {
  const found = (await kept.partners.principals()).find((one) => one.client.id === client.id)
  // A server without a certificate and without anything said about it yet.
  const principal = found ?? { client, certificates: [], partner: { clientId: client.id, acceptsUnsignedUserTokens: false } }
  return toPartnerView(principal, await surroundingsOf(kept))
}

/** The row to change, held until the transaction ends. */
const findHeld = async (kept: RealmStore, id: Client['id']): Promise<Partner> =>
  (await kept.partners.find(id, { lock: true })) ?? { clientId: id, acceptsUnsignedUserTokens: false }

/** @throws {OperationRefused} `missing` */
async function put(kept: RealmStore, partner: Partner): Promise<void> {
  if ((await kept.partners.put(Object.freeze(partner))) === 'missing')
    throw new OperationRefused('missing', `The client ${partner.clientId} is gone. See: postern client list`)
}

/** Without anything that came by its metadata, and without where that is. */
function withoutMetadata(partner: Partner): Partner {
  const {
    metadataUrl: _url,
    pinned: _pinned,
    metadataReadAt: _read,
    metadataTriedAt: _tried,
    metadataProblem: _why,
    ...rest
  } = partner
  return rest
}

/** What a document vouched for ends with it. Returns how many certificates went. */
async function removeReadCertificates({ kept, clock }: RealmPorts, client: Client): Promise<number> {
  const read = (await kept.clients.credentials(client.id)).filter(isFromMetadata)
  for (const { id } of read) await kept.clients.removeCredential(client.id, id)
  if (read.length > 0) await withdrawActorTokens(kept, client, clock())
  return read.length
}

/** Why a document changed nothing, its code first for programs, and what to do. */
function notTaken(
  { partnerHosts }: RealmPorts,
  { id }: Client,
  reading: Extract<RefreshOutcome, { outcome: 'refused' | 'unavailable' }>,
): OperationRefused {
  const { code, cause, remedy } =
    reading.outcome === 'refused'
      ? { code: reading.code, ...readingRefusals[reading.code] }
      : { code: reading.outcome, cause: 'The server did not answer, or not well.', remedy: 'It is asked again by itself.' }
  const host = URL.parse(reading.detail)?.host
  const cure = code === 'host_not_allowed' && host !== undefined ? `If it is right, ${howToAllow([host], partnerHosts)}.` : remedy
  return new OperationRefused(
    'metadata_refused',
    `The metadata of ${id} was not taken, and its last good certificates stay: ${code}: ${reading.detail}. ${cause} ${cure}`,
    { problems: [`${code}: ${reading.detail}`] },
  )
}

const unsignedWarning = (client: string): string =>
  `Warning: from now on whoever holds an actor token of ${client} can be anybody that it may act for, and nobody can prove who it was. Prefer signed user tokens, or token exchange. Each use is audited as unsigned_user_token.accepted. To turn it off: postern partner set ${client} --dangerously-accept-unsigned-user-tokens false`

export const partnerOperations = [
  operation({
    name: 'partner.set',
    summary: 'Say where the certificates of a server are read from, and what is accepted of it; what is left out stays',
    scope: 'realm',
    positional: ['client'],
    input: some.extend({
      metadataUrl: z
        .string()
        .max(2000)
        .superRefine((url, context) => {
          const problem = findMetadataUrlProblem(url)
          if (problem !== undefined) context.addIssue(problem)
        })
        .optional()
        .describe(
          'Address of its metadata document, e.g. https://mail.fabrikam.com/autodiscover/metadata/json/1; the host must be in the configuration’s partnerHosts',
        ),
      dangerouslyAcceptUnsignedUserTokens: z
        .enum(['true', 'false'])
        .optional()
        .describe('Whether user tokens that nobody signed (alg none) are taken from it, as the original protocol has them'),
    }),
    output: partnerView.extend({ turnedOn: z.boolean().describe('Whether the dangerous switch was turned on just now') }),
    next: ({ client, metadata, certificates, turnedOn }) =>
      [
        ...(turnedOn ? [unsignedWarning(client)] : []),
        ...(metadata !== undefined && metadata.readAt === undefined
          ? [`Its metadata was not read yet. To read it now: postern partner refresh ${client}`]
          : []),
        ...(metadata === undefined && certificates.length === 0
          ? [`It has no certificate yet. Next: postern client add-key ${client} <certificate-file>`]
          : []),
      ].join('\n') || undefined,
    errors: ['missing', 'invalid'],
    changed: ({ input, output: { client, metadata } }) => ({
      subject: [
        client,
        ...(input.metadataUrl === undefined ? [] : [`metadata ${metadata?.url ?? 'none'}`]),
        ...(input.dangerouslyAcceptUnsignedUserTokens === undefined
          ? []
          : [
              input.dangerouslyAcceptUnsignedUserTokens === 'true'
                ? 'DANGEROUS: unsigned user tokens accepted'
                : 'unsigned user tokens refused',
            ]),
      ].join(', '),
    }),
    run: async ({ input, at }) => {
      const { kept } = at
      const client = await requireServer(kept, input.client)
      const before = await findHeld(kept, client.id)
      const metadataUrl = input.metadataUrl ?? before.metadataUrl
      const moved = metadataUrl !== before.metadataUrl
      // What the old address vouched for, and its pin, say nothing about the new one.
      if (moved) await removeReadCertificates(at, client)
      const unsigned = input.dangerouslyAcceptUnsignedUserTokens
      const wanted = unsigned === undefined ? before.acceptsUnsignedUserTokens : unsigned === 'true'
      await put(kept, {
        ...(moved && metadataUrl !== undefined ? { ...withoutMetadata(before), metadataUrl } : before),
        acceptsUnsignedUserTokens: wanted,
      })
      return { ...(await viewOf(kept, client)), turnedOn: wanted && !before.acceptsUnsignedUserTokens }
    },
  }),
  operation({
    name: 'partner.show',
    summary: 'Show a server: its names, certificates, metadata, and what it may do',
    scope: 'realm',
    positional: ['client'],
    input: some,
    output: partnerView,
    errors: ['missing', 'invalid'],
    run: async ({ input, at: { kept } }) => viewOf(kept, await requireServer(kept, input.client)),
  }),
  operation({
    name: 'partner.list',
    summary: 'List the servers that take part in server-to-server authentication',
    scope: 'realm',
    input: z.object({}),
    output: z.array(partnerView),
    columns,
    errors: [],
    run: async ({ at: { kept } }) => {
      const around = await surroundingsOf(kept)
      return (await kept.partners.principals()).map((one) => toPartnerView(one, around))
    },
  }),
  operation({
    name: 'partner.refresh',
    summary: 'Read the metadata document of a server now, and follow its certificates',
    scope: 'realm',
    positional: ['client'],
    input: some,
    output: z.object({
      client: z.string(),
      added: z.number().int(),
      removed: z.number().int(),
      contested: z.array(z.string()).optional().describe('Certificates of the document that another server has'),
    }),
    next: ({ client, contested }) =>
      contested === undefined
        ? undefined
        : `${contested.join(', ')} belongs to another server and was left out. It comes to ${client} when that signs with it.`,
    errors: ['missing', 'invalid', 'metadata_refused'],
    // It asks another server, so it keeps no transaction waiting; the reading is one transaction of its own.
    inBatches: true,
    changed: ({ output }) => ({ subject: output.client }),
    run: async ({ input, at, running }) => {
      const client = await requireServer(at.kept, input.client)
      const reading = await at.readPartner(at.kept, client.id)
      switch (reading.outcome) {
        case 'read':
          await running.batch(client.id, async () => undefined)
          return {
            client: client.id,
            added: reading.added,
            removed: reading.removed,
            ...(reading.contested === undefined ? {} : { contested: [...reading.contested] }),
          }
        case 'nothing_to_read':
          throw new OperationRefused(
            'invalid',
            client.status === 'disabled'
              ? `${client.id} is disabled. See: postern client enable ${client.id}`
              : `It is not known where the metadata of ${client.id} is. See: postern partner set ${client.id} --metadata-url <url>`,
          )
        case 'not_due':
          throw new OperationRefused(
            'metadata_refused',
            `The metadata of ${client.id} is being read or changed by somebody else. Try again.`,
          )
        default:
          throw notTaken(at, client, reading)
      }
    },
  }),
  operation({
    name: 'partner.forget-metadata',
    summary: 'Read the metadata of a server no more: its address, the pinned issuer and the certificates that came by it go',
    scope: 'realm',
    positional: ['client'],
    input: some,
    output: z.object({ client: z.string(), removedCertificates: z.number().int() }),
    errors: ['missing', 'invalid'],
    changed: ({ output }) => ({ subject: output.client }),
    run: async ({ input, at }) => {
      const client = await requireServer(at.kept, input.client)
      const before = await findHeld(at.kept, client.id)
      if (before.metadataUrl === undefined)
        throw new OperationRefused(
          'missing',
          `There is no metadata address for ${client.id}. See: postern partner show ${client.id}`,
        )
      const removedCertificates = await removeReadCertificates(at, client)
      await put(at.kept, withoutMetadata(before))
      return { client: client.id, removedCertificates }
    },
  }),
]
