import { randomBytes } from 'node:crypto'
import { connect, createStore, migrate, type ResourceId } from '@postern/storage'
import { type Arbitrary, assert, asyncProperty, boolean, constantFrom, option, record, subarray } from 'fast-check'
import { expect, test } from 'vitest'
import { mailServerGrants } from '../server-grants.ts'
import { cloud, everything, onPremises, setUp, standBetweenServers, status, undo } from '../testing/hybrid-stage.ts'
import { call, kept } from '../testing/mfa-stage.ts'

standBetweenServers(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

const scopes = ['EWS.AccessAsUser.All', 'EAS.AccessAsUser.All', 'IMAP.AccessAsUser.All']

/** What may be there of one side before anybody sets it up. */
const side = record({
  client: option(record({ grants: subarray([...mailServerGrants], { minLength: 1 }) })),
  resource: option(
    record({ isPrincipal: boolean(), isNamed: boolean(), scopes: subarray(scopes, { minLength: 1 }), further: boolean() }),
  ),
  /** Of its client at the other side's resource. */
  access: subarray(scopes),
  delegation: subarray(scopes),
  metadata: constantFrom('none', 'elsewhere'),
})
/** What is asked for people; nothing: as at the last set-up. */
const wish = record({
  usersScopes: option(subarray(scopes, { minLength: 1 }), { nil: undefined }),
  exceptGroups: option(subarray(['vip', 'board']), { nil: undefined }),
})
type Beginning = { onPremises: Generated; cloud: Generated }
type Generated = typeof side extends Arbitrary<infer Value> ? Value : never

async function begin(beginning: Beginning): Promise<void> {
  for (const [{ id, url }, { client, resource, metadata }] of sidesOf(beginning)) {
    if (client !== null) {
      // A refresh token comes from another grant, and a server needs one of a server.
      const grantTypes = [...new Set(['urn:ietf:params:oauth:grant-type:jwt-bearer', ...client.grants])]
      await call('client.add', { id, displayName: 'There before', authenticationMethod: 'private_key_jwt', grantTypes })
      if (metadata === 'elsewhere') await call('partner.set', { client: id, metadataUrl: 'https://elsewhere.example/m' })
    }
    if (resource !== null) {
      const names = [
        ...(resource.further ? ['https://further.example/'] : []),
        ...(resource.isPrincipal && resource.isNamed ? [`${id}/${new URL(url).hostname}`] : []),
      ]
      await call('resource.add', {
        audience: url,
        names: names.map((one) => one.replace('further', id)),
        scopes: resource.scopes,
        ...(resource.isPrincipal ? { principalId: id } : {}),
      })
    }
  }
  const there = { [onPremises.id]: cloud, [cloud.id]: onPremises }
  for (const [{ id }, { client, access, delegation }] of sidesOf(beginning)) {
    const target = await kept.resources.findByName(there[id]?.url ?? '')
    const may = scopes.filter((one) => access.includes(one) && target?.scopes.includes(one))
    if (client === null || target === undefined || may.length === 0) continue
    await call('client.grant', { client: id, resource: target.id, scopes: may })
    const acts = may.filter((one) => delegation.includes(one))
    if (acts.length > 0) await call('delegation.grant', { client: id, resource: target.id, scopes: acts, exceptGroups: ['vip'] })
  }
}

const sidesOf = (beginning: Beginning) =>
  [
    [onPremises, beginning.onPremises],
    [cloud, beginning.cloud],
  ] as const

/** Everything goes, so that the next one begins anew. */
async function clear(): Promise<void> {
  for (const { id } of await kept.clients.list({ limit: 100 })) await kept.clients.remove(id)
  for (const { id } of await kept.resources.list()) await kept.resources.remove(id as ResourceId)
  for (const { name } of await kept.hybrids.list()) await kept.hybrids.remove(name)
}

test('whatever was there before, nothing is left to do after a set-up, rights are as asked last, and an undo leaves what was there', async () => {
  await assert(
    asyncProperty(record({ onPremises: side, cloud: side }), wish, wish, async (beginning, first, second) => {
      await begin(beginning)
      const before = await everything()
      for (const asked of [first, second]) {
        const [start, planned] = [await everything(), await setUp({ ...asked, dryRun: true })]
        expect(await everything()).toEqual(start)
        const done = await setUp(asked)
        expect(done.changed).toBe(planned.changed)
        expect((await setUp({ dryRun: true })).changed).toBe(0)
        expect((await setUp()).changed).toBe(0)
        expect(await status()).toMatchObject({ inPlace: true, problems: [] })
      }
      const rights = {
        scopes: second.usersScopes ?? first.usersScopes ?? ['EWS.AccessAsUser.All', 'EAS.AccessAsUser.All'],
        exceptGroups: ['administrators', ...(second.exceptGroups ?? first.exceptGroups ?? [])],
      }
      for (const delegation of await kept.delegations.list()) {
        expect(delegation.scopes.toSorted()).toEqual(rights.scopes.toSorted())
        expect(delegation.exceptGroups).toEqual(expect.arrayContaining(rights.exceptGroups))
      }
      await undo()
      expect(await everything()).toEqual(before)
      await clear()
    }),
    { numRuns: 25, seed: 4 },
  )
}, 120_000)
