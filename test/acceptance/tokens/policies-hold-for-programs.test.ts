/** Policies hold for programs that ask for themselves, too, as far as they are not about persons (R33; RFC 6749 4.4). */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MAIL, programToken, startWorld, verdict, type World } from '../support/world.ts'

const POLICY = randomUUID()
let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterEach(async () => void (await world.sts.kept.policies.remove(POLICY)))
afterAll(() => world.close())

const put = (definition: Record<string, unknown>, mode: 'on' | 'report-only' | 'off' = 'on') =>
  world.sts.kept.policies.put({
    id: POLICY,
    name: 'Closed',
    mode,
    definition,
    createdAt: new Date(),
    updatedAt: new Date(),
  })
const program = () => world.sts.clients.confidential.clientId

describe('a program is blocked', () => {
  it.each<[string, () => Record<string, unknown>]>([
    ['with everybody', () => ({})],
    ['by its id', () => ({ when: { client: [program()] } })],
    ['by the audience', () => ({ when: { resource: [MAIL] } })],
    ['by its network', () => ({ when: { network: ['127.0.0.0/8'] } })],
    ['by the way it came', () => ({ when: { flow: ['client'] } })],
    ['where only persons are excepted', () => ({ except: { group: ['Mail'], account: [world.sts.mary.upn] } })],
  ])('%s', async (_name, conditions) => {
    await put({ access: 'block', ...conditions() })
    const answer = await programToken(world)
    expect([verdict(answer), answer.body.access_token]).toEqual(['400 unauthorized_client', undefined])
    await put({ access: 'block', ...conditions() }, 'report-only')
    expect(verdict(await programToken(world))).toBe('200 ok')
  })

  it('and the trail says why, in one row', async () => {
    await put({ access: 'block' })
    const before = await world.sts.kept.audit.list({ limit: 1000 })
    await programToken(world)
    const known = new Set(before.map((row) => row.id))
    // The clock stands still, so the order of rows tells nothing.
    const added = (await world.sts.kept.audit.list({ limit: 1000 })).filter((row) => !known.has(row.id))
    expect(added).toMatchObject([
      {
        event: 'token.refused',
        clientId: program(),
        detail: { grantType: 'client_credentials', error: 'unauthorized_client', reason: 'policy_blocks' },
      },
    ])
  })
})

it.each<[string, () => Record<string, unknown>]>([
  ['asks for a second factor', () => ({ require: ['second-factor'] })],
  ['is for another program', () => ({ access: 'block', when: { client: [world.sts.clients.mail.clientId] } })],
  ['is for another audience', () => ({ access: 'block', when: { resource: ['https://calendar.contoso.com/'] } })],
  ['is for another network', () => ({ access: 'block', when: { network: ['192.0.2.0/24'] } })],
  ['is for people at a browser', () => ({ access: 'block', when: { flow: ['authorization'] } })],
  ['is for certain people', () => ({ access: 'block', when: { account: [world.sts.mary.upn] } })],
  ['is for a group', () => ({ access: 'block', when: { group: ['Mail'] } })],
  ['excepts the program', () => ({ access: 'block', except: { client: [program()] } })],
])('a program goes on where the policy %s', async (_name, definition) => {
  await put(definition())
  expect(verdict(await programToken(world))).toBe('200 ok')
})
