/**
 * The only kind of factor that somebody has is switched off for the realm, so a sign-in has nothing but the password to ask
 * for. A thief who has that would take the factor away, or ten codes that let them in once it is switched on again.
 */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { textOf } from '../support/browser.ts'
import type { World } from '../support/world.ts'
import {
  addApp,
  eventsOf,
  factorsOf,
  formTo,
  newestOf,
  type PortalVisit,
  pathOf,
  send,
  somebody,
  startQuietWorld,
  visitPortal,
} from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())
afterEach(() => world.changeSettings({ disabledMethods: [] }))

/** The form's own secret, from a page that asks for no more than a sign-in. */
const csrfOf = ({ page }: PortalVisit): string => formTo(page, '/forget').fields.find(({ name }) => name === 'csrf')?.value ?? ''

/** Somebody at a page with a form, signed in with the password alone. */
async function withPasswordAlone(person: TestPerson): Promise<PortalVisit> {
  const now = new Date()
  await world.sts.kept.rememberedBrowsers.add({
    id: crypto.randomUUID(),
    accountId: person.account.id,
    digest: crypto.getRandomValues(new Uint8Array(32)),
    label: 'Firefox',
    createdAt: now,
    lastSeenAt: now,
    expiresAt: new Date(now.getTime() + 3_600_000),
  })
  return visitPortal(world, person, '/browsers')
}

const givePass = async (person: TestPerson): Promise<string> => {
  const wanted = { accountId: person.account.id, uses: 'once', minutes: 60, createdBy: 'test' } as const
  return (await world.sts.service.passes.give(world.sts.kept, wanted)).pass
}

const hasCodes = (html: string): boolean => /<li><code>/.test(html)

// A trusted network lets a password bind a first factor, and change none.
describe.each([
  ['a trusted network', ['127.0.0.0/8', '::1/128']],
  ['anywhere', ['198.51.100.0/24']],
])('from %s, while the only method that the account has is switched off,', (_, trustedNetworks) => {
  beforeEach(() => world.changeSettings({ trustedNetworks, disabledMethods: ['totp'] }))

  it('a password alone gets no recovery codes', async () => {
    const mary = await somebody(world)
    const visit = await withPasswordAlone(mary)
    const page = await visit.browser.open(`${world.issuer}/portal/recovery-codes`)
    expect(textOf(page.html)).toContain('Set up a second step first')
    const answer = await visit.browser.post(`${world.issuer}/portal/recovery-codes`, { csrf: csrfOf(visit) })
    expect([answer.status, hasCodes(answer.html)]).toEqual([409, false])
    expect(await world.sts.service.recoveryCodes.left(world.sts.kept, mary.account.id)).toBeUndefined()
  })

  it('a password alone neither removes the factor nor renames it nor puts it first', async () => {
    const mary = await somebody(world)
    const id = await newestOf(world, mary)
    const visit = await withPasswordAlone(mary)
    const at = `${world.issuer}/portal/methods/${id}`
    for (const below of ['', '/remove'])
      expect(textOf((await visit.browser.open(`${at}${below}`)).html)).toContain('First show that it is you')
    const before = await eventsOf(world, mary)
    for (const below of ['/rename', '/default', '/remove'])
      expect((await visit.browser.post(`${at}${below}`, { csrf: csrfOf(visit), label: 'Thief' })).status).toBe(403)
    expect((await factorsOf(world, mary)).map(({ label, isDefault }) => [label, isDefault])).toEqual([['Test', false]])
    expect(await eventsOf(world, mary)).toEqual(before)
  })

  it('the owner removes it with an access pass, a wrong one notwithstanding', async () => {
    const mary = await somebody(world)
    const pass = await givePass(mary)
    const visit = await visitPortal(world, mary, `/methods/${await newestOf(world, mary)}`)
    const wrong = await send(visit, '/permit', { pass: 'AAAA-AAAA-AAAA-AAAA' })
    expect(wrong.status).toBe(422)
    const page = await send({ ...visit, page: wrong }, '/permit', { pass })
    expect(pathOf(page)).toBe(pathOf(visit.page))
    const asked = await visit.browser.open(`${page.url}/remove`)
    expect(pathOf(await send({ ...visit, page: asked }, '/remove'))).toBe('/portal/methods')
    expect(await factorsOf(world, mary)).toEqual([])
  })
})

it('a pass stands in for no factor that still is accepted', async () => {
  await world.changeSettings({ trustedNetworks: ['198.51.100.0/24'] })
  const mary = await somebody(world)
  const pass = await givePass(mary)
  const visit = await withPasswordAlone(mary)
  await visit.browser.post(`${world.issuer}/portal/add/permit`, { csrf: csrfOf(visit), pass })
  const page = await visit.browser.open(`${world.issuer}/portal/methods/${await newestOf(world, mary)}`)
  expect(page.forms[0]?.fields.map(({ name }) => name)).toContain('code')
})

describe('where recovery codes are switched off', () => {
  beforeEach(() => world.changeSettings({ trustedNetworks: ['127.0.0.0/8', '::1/128'], disabledMethods: ['recovery-code'] }))

  it('nobody gets any, and the page says why', async () => {
    const mary = await somebody(world)
    const visit = await visitPortal(world, mary, '/recovery-codes')
    expect(textOf(visit.page.html)).toContain('has switched recovery codes off')
    const own = await visitPortal(world, mary, `/methods/${await newestOf(world, mary)}`, visit.browser)
    const csrf = formTo(own.page, '/rename').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const answer = await visit.browser.post(visit.page.url, { csrf })
    expect([answer.status, hasCodes(answer.html)]).toEqual([409, false])
  })

  it('neither does a new factor bring any, nor do pages ask for them', async () => {
    const joe = await somebody(world, { factor: false })
    const { browser, page } = await addApp(world, joe)
    expect([pathOf(page), hasCodes(page.html)]).toEqual(['/portal/methods', false])
    for (const html of [page.html, (await browser.open(`${world.issuer}/portal`)).html])
      expect(html).not.toContain('/portal/recovery-codes')
    expect(await world.sts.service.recoveryCodes.left(world.sts.kept, joe.account.id)).toBeUndefined()
  })
})
