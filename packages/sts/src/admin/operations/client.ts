import type { Client, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { clientPresetNames, clientPresets, deviceGrant } from '../client-presets.ts'
import { checkClient } from '../client-rules.ts'
import { OperationRefused } from '../errors.ts'
import { clientId, pageLimit, scopeName, shownText, when } from '../fields.ts'
import { operation, type RealmPorts } from '../operation.ts'
import { isServer, jwtBearerGrant, serverGrants, tokenExchangeGrant, withdrawActorTokens } from '../server-grants.ts'
import { requireResource } from './resource.ts'

const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials', deviceGrant, ...serverGrants] as const
const shortGrants = {
  device_code: deviceGrant,
  'jwt-bearer': jwtBearerGrant,
  'token-exchange': tokenExchangeGrant,
} as const
const shortGrantNames = Object.keys(shortGrants) as (keyof typeof shortGrants)[] // Object.keys forgets the names that the table is known to have
const isShort = (name: string): name is keyof typeof shortGrants => Object.hasOwn(shortGrants, name)

const clientView = z.object({
  id: z.string(),
  displayName: z.string(),
  status: z.enum(['active', 'disabled']),
  authenticationMethod: z.enum(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']),
  applicationType: z.enum(['native', 'web']),
  redirectUris: z.array(z.string()),
  postLogoutRedirectUris: z.array(z.string()),
  backchannelLogoutUri: z.string().optional(),
  grantTypes: z.array(z.string()),
  pkce: z.enum(['required', 'optional-recorded-phone-client']),
  consent: z.enum(['implicit', 'explicit']),
  dpopBoundAccessTokens: z.boolean(),
  pushedAuthorizationRequired: z.boolean(),
  access: z.array(z.object({ resourceId: z.string(), scopes: z.array(z.string()) })),
  selfRegistered: z.literal(true).optional(),
  createdAt: when,
  updatedAt: when,
})

const columns = ['id', 'displayName', 'authenticationMethod', 'grantTypes', 'status']
const some = z.object({ client: clientId })

export const toClientView = (client: Client): z.input<typeof clientView> => ({
  ...client,
  redirectUris: [...client.redirectUris],
  postLogoutRedirectUris: [...client.postLogoutRedirectUris],
  grantTypes: [...client.grantTypes],
  access: client.access.map(({ resourceId, scopes }) => ({ resourceId, scopes: [...scopes] })),
  createdAt: client.createdAt.toISOString(),
  updatedAt: client.updatedAt.toISOString(),
})

/** @throws {OperationRefused} `missing` */
export async function requireClient(kept: RealmStore, id: string): Promise<Client> {
  const client = await kept.clients.find(id as Client['id']) // whether one has it is what is asked
  if (client === undefined)
    throw new OperationRefused('missing', `There is no client ${id} in this realm. See: postern client list`)
  return client
}

async function replace({ kept, clock }: RealmPorts, client: Client): Promise<Client> {
  const updated = Object.freeze({ ...client, updatedAt: clock() })
  if (!(await kept.clients.replace(updated)))
    throw new OperationRefused('missing', `The client ${client.id} is gone. See: postern client list`)
  return updated
}

const uris = (description: string) => z.array(z.string()).max(50).describe(description)

const redirectUris = uris(
  'Where codes are sent; to the letter, may be repeated. Native clients: loopback (any port) or a private-use scheme',
)
const postLogoutRedirectUris = uris('Where a browser may go after signing out; may be repeated')
const backchannelLogoutUri = z.string().describe('Where sign-outs are told')
const grants = z
  .array(z.enum([...grantTypes, ...shortGrantNames]).transform((name) => (isShort(name) ? shortGrants[name] : name)))
  .min(1, 'must name one at least')
  .describe(
    'What it may exchange for tokens; may be repeated. device_code, jwt-bearer and token-exchange are short for the grants of RFC 8628, 7523 and 8693',
  )
const pkce = z
  .enum(['required', 'optional-recorded-phone-client'])
  .describe('optional-recorded-phone-client is the exception for phones that were recorded to send no code challenge')
const consent = z.enum(['implicit', 'explicit']).describe('explicit: people are asked each time (R17)')

const setStatus = (status: Client['status'], summary: string) =>
  operation({
    name: status === 'active' ? 'client.enable' : 'client.disable',
    summary,
    scope: 'realm',
    positional: ['client'],
    input: some,
    output: clientView,
    columns,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.id }),
    run: async ({ input, at }) => {
      const client = await replace(at, { ...(await requireClient(at.kept, input.client)), status })
      if (status === 'disabled') {
        await at.kept.refreshTokens.revokeByClient(client.id, { at: at.clock(), because: 'client disabled' })
        await withdrawActorTokens(at.kept, client, at.clock())
      }
      return toClientView(client)
    },
  })

export const clientOperations = [
  operation({
    name: 'client.add',
    summary: 'Register a client; a preset carries what a mail program has built in, or what a mail server needs',
    scope: 'realm',
    positional: ['displayName'],
    input: z.object({
      displayName: shownText('Shown to people; may be left out with a preset').optional(),
      preset: z
        .enum(clientPresetNames)
        .optional()
        .describe('A known mail program, or mail-server for one that asks for tokens of other servers'),
      id: clientId.optional().describe('Client identifier; a new GUID when left out'),
      authenticationMethod: clientView.shape.authenticationMethod
        .optional()
        .describe('How it proves itself; none for programs on people’s machines'),
      applicationType: clientView.shape.applicationType.optional().describe('native: runs on people’s machines'),
      redirectUris: redirectUris.optional(),
      postLogoutRedirectUris: postLogoutRedirectUris.default([]),
      backchannelLogoutUri: backchannelLogoutUri.optional(),
      grantTypes: grants.optional(),
      pkce: pkce.optional(),
      consent: consent.default('implicit'),
      dpopBoundAccessTokens: z.boolean().default(false).describe('Access tokens only with DPoP (RFC 9449)'),
      pushedAuthorizationRequired: z.boolean().default(false).describe('Authorization requests only by PAR (RFC 9126)'),
    }),
    output: clientView,
    next: ({ id, access, authenticationMethod: method }) =>
      [
        ...(method === 'private_key_jwt' ? [`It proves itself by a key: postern client add-key ${id} <certificate-file>`] : []),
        ...(access.length === 0
          ? [
              `This client may ask for nothing yet. Give it access: postern client grant ${id} <resource>   (postern resource list)`,
            ]
          : []),
      ].join('\n') || undefined,
    errors: ['conflict', 'invalid'],
    changed: ({ output }) => ({ subject: output.id }),
    run: async ({ input: { preset: name, backchannelLogoutUri: backchannel, ...input }, at }) => {
      const preset = name === undefined ? undefined : clientPresets[name]
      const displayName = input.displayName ?? preset?.displayName
      if (displayName === undefined) throw new OperationRefused('invalid', 'Give the client a name, or use a preset')
      const grantTypes = input.grantTypes ?? preset?.grantTypes ?? ['authorization_code', 'refresh_token']
      const method =
        input.authenticationMethod ?? preset?.authenticationMethod ?? (isServer({ grantTypes }) ? 'private_key_jwt' : 'none')
      const now = at.clock()
      const client = checkClient(
        Object.freeze({
          id: (input.id ?? (preset !== undefined && 'id' in preset ? preset.id : at.newId())) as Client['id'], // checked by the input's schema
          displayName,
          status: 'active',
          authenticationMethod: method,
          applicationType: input.applicationType ?? preset?.applicationType ?? (method === 'none' ? 'native' : 'web'),
          redirectUris: input.redirectUris ?? preset?.redirectUris ?? [],
          postLogoutRedirectUris: input.postLogoutRedirectUris,
          ...(backchannel === undefined ? {} : { backchannelLogoutUri: backchannel }),
          grantTypes,
          pkce: input.pkce ?? preset?.pkce ?? 'required',
          consent: input.consent,
          dpopBoundAccessTokens: input.dpopBoundAccessTokens,
          pushedAuthorizationRequired: input.pushedAuthorizationRequired,
          access: [],
          createdAt: now,
          updatedAt: now,
        }),
      )
      if ((await at.kept.clients.add(client)) === 'conflict') {
        throw new OperationRefused('conflict', `There is a client ${client.id} already. See: postern client show ${client.id}`)
      }
      return toClientView(client)
    },
  }),
  operation({
    name: 'client.list',
    summary: 'List clients',
    scope: 'realm',
    input: z.object({ after: clientId.optional().describe('Begin behind this client identifier'), limit: pageLimit }),
    output: z.array(clientView),
    columns,
    errors: [],
    run: async ({ input: { after, limit }, at }) =>
      (await at.kept.clients.list({ limit, ...(after === undefined ? {} : { after }) })).map(toClientView),
  }),
  operation({
    name: 'client.show',
    summary: 'Show a client and its credentials (never a secret)',
    scope: 'realm',
    positional: ['client'],
    input: some,
    output: clientView.extend({
      credentials: z.array(
        z.object({
          id: z.string(),
          kind: z.enum(['secret', 'key']),
          x5t: z.string().optional(),
          createdAt: when,
          expiresAt: when.optional(),
        }),
      ),
    }),
    errors: ['missing'],
    run: async ({ input, at: { kept } }) => {
      const client = await requireClient(kept, input.client)
      const credentials = await kept.clients.credentials(client.id)
      return {
        ...toClientView(client),
        credentials: credentials.map((one) => ({
          id: one.id,
          kind: one.kind,
          ...(one.kind === 'key' && one.x5t !== undefined ? { x5t: one.x5t } : {}),
          createdAt: one.createdAt.toISOString(),
          ...(one.expiresAt === undefined ? {} : { expiresAt: one.expiresAt.toISOString() }),
        })),
      }
    },
  }),
  operation({
    name: 'client.change',
    summary: 'Change a client; what is left out stays',
    scope: 'realm',
    positional: ['client'],
    input: some.extend({
      displayName: shownText('Shown to people').optional(),
      authenticationMethod: clientView.shape.authenticationMethod.optional().describe('How it proves itself'),
      redirectUris: redirectUris.optional(),
      postLogoutRedirectUris: postLogoutRedirectUris.optional(),
      backchannelLogoutUri: backchannelLogoutUri.optional().describe("Where sign-outs are told; '' takes it away"),
      grantTypes: grants.optional(),
      pkce: pkce.optional(),
      consent: consent.optional(),
      dpopBoundAccessTokens: z.boolean().optional().describe('Access tokens only with DPoP (RFC 9449)'),
      pushedAuthorizationRequired: z.boolean().optional().describe('Authorization requests only by PAR (RFC 9126)'),
    }),
    output: clientView,
    errors: ['missing', 'invalid'],
    changed: ({ output }) => ({ subject: output.id }),
    run: async ({ input: { client: id, backchannelLogoutUri: wantedUri, ...wanted }, at }) => {
      const { backchannelLogoutUri: before, ...client } = await requireClient(at.kept, id)
      const uri = wantedUri ?? before
      const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
      const changed = await replace(
        at,
        checkClient({ ...client, ...given, ...(uri === undefined || uri === '' ? {} : { backchannelLogoutUri: uri }) }),
      )
      // What it got by a grant that it has no more is worth nothing any more.
      if (client.grantTypes.some((grant) => !changed.grantTypes.includes(grant)))
        await withdrawActorTokens(at.kept, client, at.clock())
      return toClientView(changed)
    },
  }),
  setStatus('disabled', 'Stop a client: the sign-ins that it holds end at once'),
  setStatus('active', 'Let a disabled client work again'),
  operation({
    name: 'client.remove',
    summary: 'Remove a client with its credentials and refresh tokens',
    scope: 'realm',
    positional: ['client'],
    input: some,
    output: z.object({ removed: z.string() }),
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input, at }) => {
      const client = await requireClient(at.kept, input.client)
      await at.kept.refreshTokens.revokeByClient(client.id, { at: at.clock(), because: 'client removed' })
      await at.kept.clients.remove(client.id)
      return { removed: client.id }
    },
  }),
  operation({
    name: 'client.grant',
    summary: 'Let a client ask for scopes of a resource; replaces what it had there',
    scope: 'realm',
    positional: ['client', 'resource'],
    input: some.extend({
      resource: shownText('Id or a name of the resource', 2000),
      scopes: z
        .array(scopeName)
        .min(1, 'must name one at least')
        .optional()
        .describe('Which scopes; all of the resource when left out; may be repeated'),
    }),
    output: clientView,
    errors: ['missing', 'invalid'],
    changed: ({ output }) => ({ subject: output.id }),
    run: async ({ input, at }) => {
      const client = await requireClient(at.kept, input.client)
      const resource = await requireResource(at.kept, input.resource)
      const foreign = (input.scopes ?? []).filter((scope) => !resource.scopes.includes(scope))
      if (foreign.length > 0)
        throw new OperationRefused(
          'invalid',
          `${resource.displayName} has no scope ${foreign.join(', ')}; it has ${resource.scopes.join(', ')}`,
        )
      const others = client.access.filter(({ resourceId }) => resourceId !== resource.id)
      return toClientView(
        await replace(at, {
          ...client,
          access: [...others, { resourceId: resource.id, scopes: input.scopes ?? resource.scopes }],
        }),
      )
    },
  }),
  operation({
    name: 'client.withdraw',
    summary: 'Take a resource away from a client; the sign-ins that it holds end',
    scope: 'realm',
    positional: ['client', 'resource'],
    input: some.extend({ resource: shownText('Id or a name of the resource', 2000) }),
    output: clientView,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.id }),
    run: async ({ input, at }) => {
      const client = await requireClient(at.kept, input.client)
      const resource = await requireResource(at.kept, input.resource)
      await at.kept.refreshTokens.revokeByClient(client.id, { at: at.clock(), because: 'access withdrawn' })
      await withdrawActorTokens(at.kept, client, at.clock())
      return toClientView(
        await replace(at, { ...client, access: client.access.filter(({ resourceId }) => resourceId !== resource.id) }),
      )
    },
  }),
]
