import type { RealmStore, Resource } from '@postern/storage'
import { z } from 'zod'
import { decideKeyUse, longestTokenSeconds } from '../../protocol/signing-keys.ts'
import { OperationRefused } from '../errors.ts'
import { scopeName, seconds, shownText, when } from '../fields.ts'
import { operation, type RealmPorts } from '../operation.ts'
import { closeToRegistered } from '../registered-clients.ts'
import { followAudience, namesOf } from '../resource-names.ts'
import { findTargetNameProblem, isTargetName } from '../target-names.ts'

/** An absolute URI without a fragment (RFC 8707 section 2). */
const resourceName = z
  .string()
  .max(2000)
  .regex(/^[\x21-\x7e]+$/, 'must hold visible ASCII characters only')
  .refine(
    (text) => URL.canParse(text) && !text.includes('#') && !text.includes('*'),
    'must be an absolute URI without a fragment, for example https://mail.contoso.com/',
  )

/** A URI as above, or what Exchange-like servers ask for each other by: `client_id/host` (F§1.2), which has no colon. */
const furtherName = z
  .string()
  .max(2000)
  .transform((text) => (isTargetName(text) ? text.replace(/\/.*/, (host) => host.toLowerCase()) : text))
  .pipe(
    z.union(
      [z.string().refine(isTargetName), resourceName],
      'must be an absolute URI without a fragment, or <client id>/<host name> without a realm, for example https://mail.contoso.com/',
    ),
  )

const resourceView = z.object({
  id: z.uuid(),
  displayName: z.string(),
  audience: z.string(),
  names: z.array(z.string()),
  principalId: z.string().optional(),
  scopes: z.array(z.string()),
  algorithm: z.enum(['RS256', 'ES256']),
  tokenType: z.enum(['at+jwt', 'JWT']),
  accessTokenSeconds: z.number().optional(),
  openToRegistered: z.boolean(),
  status: z.enum(['active', 'disabled']),
  createdAt: when,
  updatedAt: when,
})

const columns = ['audience', 'displayName', 'scopes', 'algorithm', 'status']
const some = z.object({ resource: shownText('Id or a name of the resource', 2000) })

const toView = (resource: Resource): z.input<typeof resourceView> => ({
  ...resource,
  names: [...resource.names],
  scopes: [...resource.scopes],
  openToRegistered: resource.openToRegistered === true,
  createdAt: resource.createdAt.toISOString(),
  updatedAt: resource.updatedAt.toISOString(),
})

/** By id or name. @throws {OperationRefused} `missing` */
export async function requireResource(kept: RealmStore, name: string): Promise<Resource> {
  const byId = z.uuid().safeParse(name).success ? await kept.resources.find(name as Resource['id']) : undefined // has the form of one
  const resource = byId ?? (await kept.resources.findByName(name))
  if (resource === undefined)
    throw new OperationRefused('missing', `There is no resource ${name} in this realm. See: postern resource list`)
  return resource
}

/** @throws {OperationRefused} `invalid`, for names by which another server would be asked for */
function checkNames(resource: Resource): Resource {
  const problems = resource.names.flatMap((name) => findTargetNameProblem(name, resource.principalId) ?? [])
  if (problems.length > 0) throw new OperationRefused('invalid', problems.join('; '), { problems })
  return resource
}

export async function replaceResource({ kept, clock }: RealmPorts, resource: Resource): Promise<Resource> {
  const updated = Object.freeze({ ...resource, updatedAt: clock() })
  const outcome = await kept.resources.replace(updated)
  if (outcome === 'conflict')
    throw new OperationRefused('conflict', 'Another resource has one of these names. See: postern resource list')
  if (outcome === 'missing')
    throw new OperationRefused('missing', `The resource ${resource.audience} is gone. See: postern resource list`)
  return updated
}

/** A resource is useless without a key of its algorithm, so the first one that needs it brings it. */
async function ensureSigningKey(
  { kept, realm, clock, newSigningKey }: RealmPorts,
  algorithm: Resource['algorithm'],
): Promise<void> {
  const now = clock()
  if (decideKeyUse(await kept.signingKeys.list(now), now).signing[algorithm] !== undefined) return
  await kept.signingKeys.add(await newSigningKey({ algorithm, commonName: certificateNameOf(realm), now }))
}

/** What certificates of a realm are issued to: its domain, or its id where that is too long for one. */
export const certificateNameOf = (realm: RealmPorts['realm']): string => {
  const [domain = realm.id] = realm.domains
  return domain.length <= 64 ? domain : realm.id
}

const names = z
  .array(furtherName)
  .max(50)
  .describe('Further names that clients call it by: URIs, or <principal-id>/<host name>; may be repeated')
const scopes = z.array(scopeName).min(1, 'must name one at least').max(100).describe('The scopes that it knows; may be repeated')
const tokenType = z.enum(['at+jwt', 'JWT']).describe('`typ` of its access tokens; JWT for Dovecot 2.3')
const lifetime = seconds('How long its access tokens live; as the realm says when left out', {
  least: 60,
  most: longestTokenSeconds,
})
const openToRegistered = z
  .boolean()
  .describe('Apps that register themselves may ask for its scopes; closing takes them from those that have them')
const principalId = shownText('The client id that its 401 challenge names')

export const resourceOperations = [
  operation({
    name: 'resource.add',
    summary: 'Register a resource server, e.g. a mail server',
    scope: 'realm',
    positional: ['audience'],
    input: z.object({
      audience: resourceName.describe('`aud` of its access tokens, e.g. https://mail.contoso.com/'),
      displayName: shownText('Shown to people; the audience when left out').optional(),
      names: names.default([]),
      scopes,
      principalId: principalId.optional(),
      algorithm: z.enum(['RS256', 'ES256']).default('RS256').describe('Signature of its access tokens; Exchange needs RS256'),
      tokenType: tokenType.default('at+jwt'),
      accessTokenSeconds: lifetime.optional(),
      openToRegistered: openToRegistered.default(false),
    }),
    output: resourceView,
    errors: ['conflict', 'invalid'],
    changed: ({ output }) => ({ subject: output.audience }),
    run: async ({ input: { principalId: principal, accessTokenSeconds, openToRegistered: isOpen, ...input }, at }) => {
      const now = at.clock()
      const resource: Resource = checkNames(
        Object.freeze({
          ...input,
          id: at.newId() as Resource['id'], // made here, so it names no other kind of thing
          displayName: input.displayName ?? input.audience,
          names: namesOf(input.audience, input.names),
          ...(principal === undefined ? {} : { principalId: principal }),
          ...(accessTokenSeconds === undefined ? {} : { accessTokenSeconds }),
          ...(isOpen ? { openToRegistered: true } : {}),
          status: 'active',
          createdAt: now,
          updatedAt: now,
        }),
      )
      await ensureSigningKey(at, resource.algorithm)
      if ((await at.kept.resources.add(resource)) === 'conflict') {
        throw new OperationRefused(
          'conflict',
          `A resource has the name ${resource.audience}, with or without a slash, already. See: postern resource list`,
        )
      }
      return toView(resource)
    },
  }),
  operation({
    name: 'resource.list',
    summary: 'List resource servers',
    scope: 'realm',
    input: z.object({}),
    output: z.array(resourceView),
    columns,
    errors: [],
    run: async ({ at }) => (await at.kept.resources.list()).map(toView),
  }),
  operation({
    name: 'resource.show',
    summary: 'Show a resource server',
    scope: 'realm',
    positional: ['resource'],
    input: some,
    output: resourceView,
    errors: ['missing'],
    run: async ({ input, at }) => toView(await requireResource(at.kept, input.resource)),
  }),
  operation({
    name: 'resource.change',
    summary: 'Change a resource server; what is left out stays',
    scope: 'realm',
    positional: ['resource'],
    input: some.extend({
      displayName: shownText('Shown to people').optional(),
      audience: resourceName.optional().describe('`aud` of its access tokens'),
      names: names.optional(),
      scopes: scopes.optional(),
      principalId: principalId.optional(),
      algorithm: z.enum(['RS256', 'ES256']).optional().describe('Signature of its access tokens'),
      tokenType: tokenType.optional(),
      accessTokenSeconds: lifetime.optional(),
      openToRegistered: openToRegistered.optional(),
    }),
    output: resourceView,
    errors: ['missing', 'conflict', 'invalid'],
    changed: ({ output }) => ({ subject: output.audience }),
    run: async ({ input: { resource: name, openToRegistered: wish, ...wanted }, at }) => {
      const { openToRegistered: wasOpen = false, ...resource } = await requireResource(at.kept, name)
      const isOpen = wish ?? wasOpen
      const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
      const audience = wanted.audience ?? resource.audience
      // A new audience takes its twin along and leaves the old names, which clients may still use.
      const changed = checkNames({
        ...resource,
        ...given,
        names: namesOf(audience, wanted.names ?? resource.names),
        ...(isOpen ? { openToRegistered: true } : {}),
      })
      await ensureSigningKey(at, changed.algorithm)
      const replaced = await replaceResource(at, changed)
      if (wasOpen && !isOpen) await closeToRegistered(at, resource)
      if (audience !== resource.audience) await followAudience(at, { from: resource.audience, to: audience })
      return toView(replaced)
    },
  }),
  ...(['disabled', 'active'] as const).map((status) =>
    operation({
      name: status === 'active' ? 'resource.enable' : 'resource.disable',
      summary: status === 'active' ? 'Let tokens be issued for a disabled resource again' : 'Stop issuing tokens for a resource',
      scope: 'realm',
      positional: ['resource'],
      input: some,
      output: resourceView,
      columns,
      errors: ['missing', 'conflict'],
      changed: ({ output }) => ({ subject: output.audience }),
      run: async ({ input, at }) =>
        toView(await replaceResource(at, { ...(await requireResource(at.kept, input.resource)), status })),
    }),
  ),
  operation({
    name: 'resource.remove',
    summary: 'Remove a resource that no client has access to any more',
    scope: 'realm',
    positional: ['resource'],
    input: some,
    output: z.object({ removed: z.string() }),
    errors: ['missing', 'in_use'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input, at: { kept } }) => {
      const resource = await requireResource(kept, input.resource)
      const user = await findUser(kept, resource)
      if (user !== undefined) {
        throw new OperationRefused(
          'in_use',
          `The client ${user} has access to ${resource.audience}. First: postern client withdraw ${user} ${resource.audience}`,
        )
      }
      await kept.resources.remove(resource.id)
      return { removed: resource.audience }
    },
  }),
]

/** The first client with access to the resource. */
async function findUser(kept: RealmStore, resource: Resource): Promise<string | undefined> {
  const limit = 200
  for (let after: string | undefined; ; ) {
    const page = await kept.clients.list({ limit, ...(after === undefined ? {} : { after }) })
    const user = page.find(({ access }) => access.some(({ resourceId }) => resourceId === resource.id))
    if (user !== undefined || page.length < limit) return user?.id
    after = page.at(-1)?.id
  }
}
