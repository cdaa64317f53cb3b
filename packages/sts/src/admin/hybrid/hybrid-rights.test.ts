import { randomBytes } from 'node:crypto'
import { connect, createStore, migrate } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import { cloud, everything, onPremises, setUp, standBetweenServers, status, trail, undo } from '../testing/hybrid-stage.ts'
import { add, call, kept, find as operation, ports, setPorts, stage } from '../testing/mfa-stage.ts'

standBetweenServers(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

const [ews, eas, imap] = ['EWS.AccessAsUser.All', 'EAS.AccessAsUser.All', 'IMAP.AccessAsUser.All'] as const

/** What the cloud may do for people on premises. */
async function rights() {
  const [delegation] = (await kept.delegations.list()).filter(({ clientId }) => clientId === cloud.id)
  return delegation && { scopes: delegation.scopes, exceptGroups: delegation.exceptGroups }
}
const withdrawnFrom = async () => (await kept.partners.find(cloud.id))?.tokensValidFrom
const linesAbout = ({ parts }: { parts: readonly { what: string; state: string }[] }, word: string) =>
  parts.filter(({ what }) => what.startsWith(cloud.id) && what.includes(word))

describe('a later set-up', () => {
  test('excepts another group, says from what to what, and ends the tokens from before', async () => {
    await setUp()
    const asked = { exceptGroups: ['board'] }
    expect((await setUp({ ...asked, dryRun: true })).changed).toBe(2)
    expect(await withdrawnFrom()).toBeUndefined()
    const done = await setUp(asked)
    expect(linesAbout(done, 'act for people')).toEqual([
      {
        what: `${cloud.id} may act for people at ${onPremises.url}: ${ews}, ${eas}; except the group administrators -> ${ews}, ${eas}; except the groups administrators, board`,
        state: 'done',
      },
    ])
    expect(await rights()).toEqual({ scopes: [ews, eas], exceptGroups: ['administrators', 'board'] })
    expect(await withdrawnFrom()).toEqual(stage.now)
    expect((await setUp(asked)).changed).toBe(0)
  })

  test('narrows what is used for people, and what may be asked for with it', async () => {
    await setUp()
    const done = await setUp({ usersScopes: [ews] })
    expect(linesAbout(done, 'no longer ask')).toMatchObject([{ what: expect.stringContaining(`${onPremises.url}: ${eas}`) }])
    expect(await rights()).toMatchObject({ scopes: [ews] })
    expect(await kept.clients.find(cloud.id)).toMatchObject({ access: [{ scopes: [ews] }] })
    expect(await withdrawnFrom()).toEqual(stage.now)
  })

  test('that says nothing about rights keeps the last wish, and an empty list excepts administrators alone', async () => {
    await setUp({ usersScopes: [imap], exceptGroups: ['board'] })
    expect((await setUp()).changed).toBe(0)
    expect(await status()).toMatchObject({ wish: { scopes: [imap], exceptGroups: ['administrators', 'board'] } })
    await setUp({ exceptGroups: [] })
    expect(await rights()).toEqual({ scopes: [imap], exceptGroups: ['administrators'] })
    // Nobody lost anything by that.
    expect(await withdrawnFrom()).toBeUndefined()
  })

  test('that only wants something else from now on leaves a row in the trail as well', async () => {
    await setUp()
    const granted = { exceptGroups: ['board'] }
    await call('delegation.grant', { client: cloud.id, resource: onPremises.url, ...granted })
    await call('delegation.grant', { client: onPremises.id, resource: cloud.url, ...granted })
    const rows = (await trail()).length
    expect((await setUp(granted)).changed).toBe(0)
    expect(await trail()).toHaveLength(rows + 1)
    await setUp(granted)
    await setUp()
    expect(await trail()).toHaveLength(rows + 1)
    expect(await status()).toMatchObject({ wish: { exceptGroups: ['administrators', 'board'] } })
  })

  test('makes good what somebody widened by hand, and until then status says what it is', async () => {
    await setUp({ exceptGroups: ['board'] })
    await call('resource.change', { resource: onPremises.url, scopes: [ews, eas, imap] })
    await call('client.grant', { client: cloud.id, resource: onPremises.url, scopes: [ews, eas, imap] })
    await call('delegation.grant', { client: cloud.id, resource: onPremises.url, dangerouslyIncludeAdministrators: true })
    expect(await status()).toMatchObject({
      inPlace: false,
      cure: 'setup',
      problems: [
        `what ${cloud.id} may do for people at ${onPremises.url} has, beyond what was set up, ${imap}; no longer excepts the groups administrators, board`,
      ],
    })
    expect((await setUp()).changed).toBe(1)
    expect(await rights()).toEqual({ scopes: [ews, eas], exceptGroups: ['administrators', 'board'] })
    expect(await status()).toMatchObject({ inPlace: true, cure: 'none', problems: [] })
  })

  test('that fails half way has narrowed nothing', async () => {
    await setUp()
    const before = await everything()
    let left = 1
    const recordChange: typeof ports.recordChange = (...given) =>
      left-- > 0 ? stage.ports.recordChange(...given) : Promise.reject(new TypeError('the audit log is full'))
    setPorts({ ...ports, recordChange })
    await expect(setUp({ exceptGroups: ['board'] })).rejects.toThrow('the audit log is full')
    expect(await everything()).toEqual(before)
    expect(await withdrawnFrom()).toBeUndefined()
  })
})

describe('rights that somebody gave by hand before the set-up', () => {
  const byHand = async (more: object) => {
    await call('client.add', { preset: 'mail-server', id: cloud.id })
    await call('resource.add', { audience: onPremises.url, scopes: [ews, eas, imap] })
    await call('client.grant', { client: cloud.id, resource: onPremises.url })
    await call('delegation.grant', { client: cloud.id, resource: onPremises.url, ...more })
  }

  test('become what was asked, and come back with the undo', async () => {
    await byHand({ scopes: [imap, ews], dangerouslyIncludeAdministrators: true })
    const before = await everything()
    await setUp({ exceptGroups: ['board'] })
    expect(await rights()).toEqual({ scopes: [ews, eas], exceptGroups: ['administrators', 'board'] })
    await setUp({ usersScopes: [eas] })
    expect(await rights()).toMatchObject({ scopes: [eas] })
    expect(linesAbout(await undo({ dryRun: true }), 'act for people')).toMatchObject([
      { what: expect.stringContaining(`otherwise than before (${imap}, ${ews}; nobody is excepted)`) },
    ])
    await undo()
    expect(await everything()).toEqual(before)
  })

  test('keep the groups that they except, whatever is asked later', async () => {
    await byHand({ exceptGroups: ['vip'] })
    await setUp({ exceptGroups: ['vip', 'board'] })
    await setUp({ exceptGroups: [] })
    expect(await rights()).toMatchObject({ exceptGroups: ['administrators', 'vip'] })
  })
})

describe('a group that nobody is in', () => {
  test('is named by the set-up, by status and by a grant, until somebody is in it', async () => {
    const warning = expect.stringContaining('nobody is in the group nosuchgroup')
    expect((await setUp({ exceptGroups: ['nosuchgroup'], dryRun: true })).notes).toContainEqual(warning)
    expect((await setUp({ exceptGroups: ['nosuchgroup'] })).notes).toContainEqual(warning)
    expect(await status()).toMatchObject({ inPlace: true, notes: expect.arrayContaining([warning]) })
    const grant = () => call('delegation.grant', { client: cloud.id, resource: onPremises.url, exceptGroups: ['nosuchgroup'] })
    expect(operation('delegation.grant').present(await grant())).toMatchObject({
      note: warning,
      text: expect.stringContaining('administrators, nosuchgroup'),
    })
    await add('joe', { groups: ['nosuchgroup'] })
    expect(await grant()).toMatchObject({ emptyGroups: [] })
    expect((await setUp()).notes).not.toContainEqual(warning)
    expect((await status()).notes).not.toContainEqual(warning)
  })
})
