/**
 * Somebody takes the last factor away in the portal, where nothing asks for one, and signs in with the password alone
 * wherever a policy does: at the mail server, in one app, on a television. What any policy may ask for stays bound.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { textOf } from '../support/browser.ts'
import { MAIL, type World } from '../support/world.ts'
import { factorsOf, formTo, newestOf, pathOf, send, somebody, startQuietWorld, visitPortal } from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())
afterEach(async () => {
  for (const { id } of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(id)
})

async function demand(more: Record<string, unknown>): Promise<void> {
  const now = new Date()
  const definition = { ...more, require: ['second-factor'] }
  await world.sts.kept.policies.put({ id: randomUUID(), name: 'Some', mode: 'on', definition, createdAt: now, updatedAt: now })
}

const scopes: readonly (readonly [string, () => Record<string, unknown>])[] = [
  ['one resource', () => ({ when: { resource: [MAIL] } })],
  ['one app', () => ({ when: { client: [world.sts.clients.mail.clientId] } })],
  ['devices', () => ({ when: { flow: ['device'] } })],
  ['networks other than this one', () => ({ except: { network: ['127.0.0.0/8', '::1/128'] } })],
]

it.each(scopes)('the last factor stays where a second one is asked for at %s alone', async (_, scope) => {
  const mary = await somebody(world)
  await demand(scope())
  const id = await newestOf(world, mary)
  const visit = await visitPortal(world, mary, `/methods/${id}/remove`)
  expect(textOf(visit.page.html)).toContain('cannot be removed yet')
  const own = await visitPortal(world, mary, `/methods/${id}`, visit.browser)
  const csrf = formTo(own.page, '/rename').fields.find(({ name }) => name === 'csrf')?.value ?? ''
  expect((await visit.browser.post(visit.page.url, { csrf })).status).toBe(409)
  expect(await factorsOf(world, mary)).toHaveLength(1)
})

it('the last factor goes where only others are asked', async () => {
  const mary = await somebody(world)
  await demand({ when: { group: ['others'] } })
  const visit = await visitPortal(world, mary, `/methods/${await newestOf(world, mary)}/remove`)
  expect(pathOf(await send(visit, '/remove'))).toBe('/portal/methods')
  expect(await factorsOf(world, mary)).toEqual([])
})
