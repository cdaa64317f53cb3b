import type { Client, Delegation, RealmStore, Resource } from '@postern/storage'
import { z } from 'zod'
import { findEmptyGroups, warnOfEmptyGroups } from '../empty-groups.ts'
import { OperationRefused } from '../errors.ts'
import { clientId, scopeName, shownText, when } from '../fields.ts'
import { administratorsGroup } from '../last-administrator.ts'
import { operation } from '../operation.ts'
import { isServer } from '../server-grants.ts'
import { requireClient } from './client.ts'
import { requireResource } from './resource.ts'

const some = z.object({
  client: clientId,
  resource: shownText('Id or a name of the resource where it acts for people', 2000),
})

const delegationView = z.object({
  client: z.string(),
  resource: z.string(),
  scopes: z.array(z.string()),
  exceptGroups: z.array(z.string()),
  createdAt: when,
})

export const toDelegationView = (
  { clientId: client, scopes, exceptGroups, createdAt }: Delegation,
  resource: string,
): z.input<typeof delegationView> => ({
  client,
  resource,
  scopes: [...scopes],
  exceptGroups: [...exceptGroups],
  createdAt: createdAt.toISOString(),
})

/** What it may use for people, at most what it may ask for itself. @throws {OperationRefused} `invalid` */
function decideScopes(client: Client, resource: Resource, asked: readonly string[] | undefined): readonly string[] {
  const access = client.access.find(({ resourceId }) => resourceId === resource.id)
  const may = resource.scopes.filter((scope) => access?.scopes.includes(scope))
  const foreign = (asked ?? []).filter((scope) => !may.includes(scope))
  if (may.length > 0 && foreign.length === 0) return asked ?? may
  throw new OperationRefused(
    'invalid',
    may.length === 0
      ? `${client.id} may not ask for ${resource.audience} at all. First: postern client grant ${client.id} ${resource.audience}`
      : `${client.id} may not ask for ${foreign.join(', ')} at ${resource.audience}, only for ${may.join(', ')}. See: postern client grant`,
  )
}

/** @throws {OperationRefused} `missing` */
async function revoke(kept: RealmStore, client: Client, resource: Resource): Promise<void> {
  if (await kept.delegations.revoke(client.id, resource.id)) return
  throw new OperationRefused(
    'missing',
    `${client.id} may not act for people at ${resource.audience} anyway. See: postern delegation list`,
  )
}

export const delegationOperations = [
  operation({
    name: 'delegation.grant',
    summary:
      'Let a server act for people at a resource; replaces what it had there. Administrators are never acted for unless you say so',
    scope: 'realm',
    positional: ['client'],
    input: some.extend({
      scopes: z
        .array(scopeName)
        .min(1, 'must name one at least')
        .optional()
        .describe('What it may do for them; all that the client may ask for there when left out; may be repeated'),
      exceptGroups: z
        .array(shownText('A group'))
        .max(100)
        .default([])
        .describe(`Groups whose people are never acted for, beside ${administratorsGroup}; may be repeated`),
      dangerouslyIncludeAdministrators: z
        .boolean()
        .default(false)
        .describe(`Let it act for the group ${administratorsGroup} too: whoever holds its key can then be any of them`),
    }),
    output: delegationView.extend({
      emptyGroups: z.array(z.string()).describe('Excepted groups that nobody is in: meant for later, or misspelt'),
    }),
    present: (output) => {
      const without =
        output.exceptGroups.length === 0 ? 'nobody is excepted' : `except the groups ${output.exceptGroups.join(', ')}`
      const warnings = [
        ...(output.exceptGroups.includes(administratorsGroup)
          ? []
          : ['Warning: this includes administrators. Whoever gets hold of its key can act as any of them.']),
        warnOfEmptyGroups(output.emptyGroups) ?? [],
      ].flat()
      return {
        text: `${output.client} acts for people at ${output.resource} with ${output.scopes.join(', ')}; ${without}`,
        ...(warnings.length === 0 ? {} : { note: warnings.join('\n') }),
      }
    },
    errors: ['missing', 'invalid'],
    changed: ({ output: { client, resource, exceptGroups } }) => ({
      subject: `${client} at ${resource}${exceptGroups.includes(administratorsGroup) ? '' : ', administrators included'}`,
    }),
    run: async ({ input, at: { kept, clock } }) => {
      const client = await requireClient(kept, input.client)
      const resource = await requireResource(kept, input.resource)
      if (!isServer(client))
        throw new OperationRefused(
          'invalid',
          `${client.id} has none of the grants that act for people. See: postern client change ${client.id} --grant-type jwt-bearer --grant-type token-exchange`,
        )
      const withheld = input.dangerouslyIncludeAdministrators ? [] : [administratorsGroup]
      const delegation: Delegation = Object.freeze({
        clientId: client.id,
        resourceId: resource.id,
        scopes: decideScopes(client, resource, input.scopes),
        exceptGroups: [...new Set([...withheld, ...input.exceptGroups])],
        createdAt: clock(),
      })
      if ((await kept.delegations.grant(delegation)) === 'missing')
        throw new OperationRefused('missing', `The client ${client.id} or the resource ${resource.audience} is gone`)
      return {
        ...toDelegationView(delegation, resource.audience),
        emptyGroups: [...(await findEmptyGroups(kept, delegation.exceptGroups))],
      }
    },
  }),
  operation({
    name: 'delegation.revoke',
    summary: 'Let a server act for people at a resource no more; the actor tokens that it holds end',
    scope: 'realm',
    positional: ['client'],
    input: some,
    output: z.object({ client: z.string(), resource: z.string() }),
    errors: ['missing'],
    changed: ({ output: { client, resource } }) => ({ subject: `${client} at ${resource}` }),
    run: async ({ input, at: { kept, clock } }) => {
      const client = await requireClient(kept, input.client)
      const resource = await requireResource(kept, input.resource)
      await revoke(kept, client, resource)
      // An actor token says that its holder may act for people, so those that say so end now and not with their hour.
      await kept.partners.withdrawTokens(client.id, clock())
      return { client: client.id, resource: resource.audience }
    },
  }),
  operation({
    name: 'delegation.list',
    summary: 'List which servers may act for people, where and with what',
    scope: 'realm',
    input: z.object({}),
    output: z.array(delegationView),
    errors: [],
    run: async ({ at: { kept } }) => {
      const audiences = new Map((await kept.resources.list()).map(({ id, audience }) => [id, audience]))
      return (await kept.delegations.list()).map((one) => toDelegationView(one, audiences.get(one.resourceId) ?? one.resourceId))
    },
  }),
]
