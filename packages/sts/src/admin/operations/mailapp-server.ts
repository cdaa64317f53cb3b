import type { Client, MailServer, RealmStore, Resource } from '@postern/storage'
import { z } from 'zod'
import { checkClient } from '../client-rules.ts'
import { OperationRefused } from '../errors.ts'
import { clientId, shownText, when } from '../fields.ts'
import { mailProtocolList } from '../mail-fields.ts'
import { isDoveadmUrl, parseUpstream, scopesOf, tokenTypeOf } from '../mail-server-fields.ts'
import { operation, type RealmPorts, type Running } from '../operation.ts'
import { clientCredentialOperations } from './client-credential.ts'
import { replaceResource, resourceOperations } from './resource.ts'

const serverView = z.object({
  server: z.string(),
  displayName: z.string(),
  status: z.enum(['active', 'disabled']),
  protocols: z.array(z.string()),
  audiences: z.array(z.string()),
  upstreams: z.record(z.string(), z.string()),
  doveadmUrl: z.string().optional(),
  createdAt: when,
})
const columns = ['server', 'displayName', 'status', 'protocols', 'audiences', 'upstreams', 'doveadmUrl']

/** Goes before the colon of HTTP Basic, and mail servers keep it in files of their own. */
const serverName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be 1-128 letters, digits, dots, hyphens and underscores')
  .describe('Client identifier of the mail server, e.g. dovecot; a new one is registered')

async function toView(kept: RealmStore, server: MailServer): Promise<z.input<typeof serverView>> {
  const client = await kept.clients.find(server.clientId)
  const resources = await kept.resources.list()
  return {
    server: server.clientId,
    displayName: client?.displayName ?? server.clientId,
    status: client?.status ?? 'disabled',
    protocols: [...server.protocols],
    audiences: resources.filter(({ principalId }) => principalId === server.clientId).map(({ audience }) => audience),
    upstreams: { ...server.upstreams },
    ...(server.doveadm === undefined ? {} : { doveadmUrl: server.doveadm.url }),
    createdAt: server.createdAt.toISOString(),
  }
}

/** The client, and whether it was made just now. It may ask the gate and about its tokens, and obtains none itself. */
async function ensureClient({ kept, clock }: RealmPorts, id: string, displayName: string | undefined) {
  const existing = await kept.clients.find(id as Client['id']) // whether one has it is what is asked
  if (existing !== undefined) {
    if (!existing.authenticationMethod.startsWith('client_secret'))
      throw new OperationRefused(
        'conflict',
        `The client ${id} proves itself by ${existing.authenticationMethod}, and a mail server by a secret. Choose another name, or: postern client change ${id} --authentication-method client_secret_basic`,
      )
    if (displayName !== undefined) await kept.clients.replace({ ...existing, displayName, updatedAt: clock() })
    return { client: existing, isNew: false }
  }
  const now = clock()
  const client: Client = checkClient(
    Object.freeze({
      id: id as Client['id'], // checked by the input's schema
      displayName: displayName ?? id,
      status: 'active',
      authenticationMethod: 'client_secret_basic',
      applicationType: 'web',
      redirectUris: [],
      postLogoutRedirectUris: [],
      grantTypes: [],
      pkce: 'required',
      consent: 'implicit',
      dpopBoundAccessTokens: false,
      pushedAuthorizationRequired: false,
      access: [],
      createdAt: now,
      updatedAt: now,
    }),
  )
  await kept.clients.add(client)
  return { client, isNew: true }
}

/** The resource whose tokens the mail server may show: made where it is not there yet. */
async function ensureResource(
  at: RealmPorts,
  running: Running,
  wanted: { audience: string; server: Client['id']; protocols: MailServer['protocols'] },
) {
  const { audience, server } = wanted
  const existing: Resource | undefined = await at.kept.resources.findByName(audience)
  if (existing === undefined) {
    const protocols = wanted.protocols as Parameters<typeof scopesOf>[0] // read by the input's schema, or kept after that
    await perform(resourceOperations, 'resource.add', at, running, {
      audience,
      scopes: [...scopesOf(protocols)],
      principalId: server,
      tokenType: tokenTypeOf(protocols),
    })
    return
  }
  if (existing.principalId === server) return
  if (existing.principalId !== undefined)
    throw new OperationRefused(
      'conflict',
      `${existing.audience} is the resource of ${existing.principalId} already; tokens for it would be that server's. To give it to this one: postern resource change ${existing.audience} --principal-id ${server}`,
    )
  await replaceResource(at, { ...existing, principalId: server })
}

/** Another operation as part of this one: in its transaction, with an audit row of its own. */
async function perform(
  from: readonly { readonly name: string; execute: (typeof resourceOperations)[number]['execute'] }[],
  name: string,
  at: RealmPorts,
  { actor, reference }: Running,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const found = from.find((one) => one.name === name)
  if (found === undefined) throw new TypeError(`There is no operation ${name}`)
  return found.execute(at, { input, realm: at.realm, actor, reference })
}

const made = z.object({ secret: z.string(), expiresAt: when })

export const mailAppServerOperations = [
  operation({
    name: 'mailapp.server-put',
    summary:
      'Register a mail server that may ask the gate about passwords, or change it: a client with a secret, the resource of its tokens, what it serves. What is left out stays',
    scope: 'realm',
    positional: ['server'],
    input: z.object({
      server: serverName,
      protocols: mailProtocolList('Mail protocols that it may ask about; must be given for a new one').optional(),
      audience: shownText(
        'Audience of the tokens that it takes, e.g. https://mail.contoso.com/; registered as a resource where it is not yet',
        2000,
      ).optional(),
      displayName: shownText('Shown to people').optional(),
      upstreams: z
        .array(
          z
            .string()
            .refine((text) => parseUpstream(text) !== undefined, 'must look like imap=127.0.0.1:1143, with an IP address'),
        )
        .max(20)
        .optional()
        .describe("Where a proxy goes on to, e.g. imap=127.0.0.1:1143; may be repeated; replaces what was there, '' empties it"),
      doveadmUrl: z
        .string()
        .refine((text) => text === '' || isDoveadmUrl(text), 'must be an address such as http://127.0.0.1:8091')
        .optional()
        .describe(
          "Dovecot's administration over HTTP, by which connections are ended; http within one machine or network only; '' takes it away",
        ),
      doveadmKey: z
        .string()
        .trim()
        .min(1, 'must not be empty')
        .max(500)
        .optional()
        .meta({ description: 'A file with the key of that (doveadm_api_key)', file: 'text' }),
      newSecret: z.boolean().default(false).describe('Another secret, shown once; the earlier ones keep working until removed'),
    }),
    output: serverView.extend({
      gate: z.string().optional(),
      secret: z.string().optional().describe('Shown once'),
      secretExpiresAt: when.optional(),
    }),
    next: ({ server, secret, audiences }) =>
      [
        ...(secret === undefined
          ? []
          : [
              `Give ${server} its secret now: it is shown this once. The guides dovecot.md, nginx.md and protect-an-api.md say where it goes.`,
            ]),
        ...(audiences.length === 0
          ? [`It takes passwords only. For tokens: postern mailapp server-put ${server} --audience https://…/`]
          : []),
      ].join('\n') || undefined,
    errors: ['invalid', 'conflict', 'missing'],
    changed: ({ output }) => ({ subject: output.server }),
    run: async ({ input, at, running }) => {
      const { kept } = at
      const { client, isNew } = await ensureClient(at, input.server, input.displayName)
      const before = await kept.mailServers.find(client.id)
      const protocols = input.protocols ?? before?.protocols
      if (protocols === undefined)
        throw new OperationRefused(
          'invalid',
          'A new mail server must be told which protocols it serves, e.g. imap,pop,smtp (protocol)',
        )
      if (input.audience !== undefined)
        await ensureResource(at, running, { audience: input.audience, server: client.id, protocols })
      const doveadm = readDoveadm(before?.doveadm, { url: input.doveadmUrl, key: input.doveadmKey })
      const outcome = await kept.mailServers.put({
        clientId: client.id,
        protocols,
        upstreams: readUpstreams(protocols, input.upstreams) ?? before?.upstreams ?? {},
        ...(doveadm === undefined ? {} : { doveadm }),
        createdAt: before?.createdAt ?? at.clock(),
      })
      if (outcome === 'missing') throw new OperationRefused('missing', `The client ${client.id} is gone meanwhile`)
      const needsSecret = isNew || input.newSecret || (await kept.clients.credentials(client.id)).length === 0
      const given = needsSecret
        ? made.parse(await perform(clientCredentialOperations, 'client.add-secret', at, running, { client: client.id }))
        : undefined
      const issuer = at.issuerOf(at.realm.id)
      return {
        ...(await toView(kept, await requireServer(kept, client.id))),
        ...(issuer === undefined ? {} : { gate: `${issuer}/mailgate/decide` }),
        ...(given === undefined ? {} : { secret: given.secret, secretExpiresAt: given.expiresAt }),
      }
    },
  }),
  operation({
    name: 'mailapp.server-list',
    summary: 'List the mail servers that may ask the gate',
    scope: 'realm',
    input: z.object({}),
    output: z.array(serverView),
    columns,
    errors: [],
    run: async ({ at: { kept } }) => Promise.all((await kept.mailServers.list()).map((one) => toView(kept, one))),
  }),
  operation({
    name: 'mailapp.server-remove',
    summary: 'Let a mail server ask the gate no more; its client and resource stay',
    scope: 'realm',
    positional: ['server'],
    input: z.object({ server: clientId }),
    output: z.object({ removed: z.string() }),
    next: ({ removed }) => `It may still ask about its tokens. To end that too: postern client remove ${removed}`,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input, at: { kept } }) => {
      const server = await requireServer(kept, input.server)
      await kept.mailServers.remove(server.clientId)
      return { removed: server.clientId }
    },
  }),
]

/** @throws {OperationRefused} `missing` */
async function requireServer(kept: RealmStore, id: string): Promise<MailServer> {
  const server = await kept.mailServers.find(id as MailServer['clientId']) // whether one has it is what is asked
  if (server === undefined)
    throw new OperationRefused('missing', `There is no mail server ${id} in this realm. See: postern mailapp server-list`)
  return server
}

function readUpstreams(protocols: readonly string[], wanted: readonly string[] | undefined): Record<string, string> | undefined {
  if (wanted === undefined) return undefined
  const upstreams = wanted.flatMap((text) => parseUpstream(text) ?? [])
  const foreign = upstreams.filter(({ protocol }) => !protocols.includes(protocol))
  if (foreign.length > 0)
    throw new OperationRefused(
      'invalid',
      `${foreign.map(({ protocol }) => protocol).join(', ')}: the mail server serves ${protocols.join(', ')} only (upstream)`,
    )
  return Object.fromEntries(upstreams.map(({ protocol, target }) => [protocol, target]))
}

/** Both or none. A new address keeps the key. */
function readDoveadm(
  before: MailServer['doveadm'],
  wanted: { url: string | undefined; key: string | undefined },
): MailServer['doveadm'] {
  if (wanted.url === '') return undefined
  const url = wanted.url ?? before?.url
  const key = wanted.key ?? before?.key
  if (url === undefined && key === undefined) return undefined
  if (url === undefined || key === undefined)
    throw new OperationRefused('invalid', 'doveadm-url and doveadm-key belong together: the address, and a file with the key')
  return Object.freeze({ url, key })
}
