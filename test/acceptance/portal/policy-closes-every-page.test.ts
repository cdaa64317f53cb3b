/**
 * A session begins with the password, so a thief who has that alone has one. Where policy asks for more, or blocks, no page
 * of the portal opens to it and none of its forms does anything, however it was come by.
 */
import { randomUUID } from 'node:crypto'
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { atSecondStep } from '../signin/second-steps.ts'
import type { Browser } from '../support/browser.ts'
import type { World } from '../support/world.ts'
import { eventsOf, formTo, newestOf, pathOf, somebody, startQuietWorld, visitPortal } from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
  // From here a password alone is no reason to set anything up.
  await world.changeSettings({ trustedNetworks: ['198.51.100.0/24'] })
})
afterAll(() => world.close())
afterEach(async () => {
  for (const { id } of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(id)
})

const pages = [
  '',
  '/methods',
  '/methods/ID',
  '/methods/ID/remove',
  '/methods/ID/replace',
  '/add',
  '/add/webauthn',
  '/add/totp',
  '/add/sms',
  '/recovery-codes',
  '/approvals',
  '/approvals/x',
  '/browsers',
  '/password',
  '/password/changed',
  '/apps',
  '/apps/x',
  '/apps/x/activate',
  '/app-passwords',
  '/app-passwords/new',
  '/authorized-apps',
  '/authorized-apps/x/end',
  '/sessions/x/end',
  '/activity',
  '/setup',
]
const forms = {
  '/methods/ID/rename': { label: 'Thief' },
  '/methods/ID/default': {},
  '/methods/ID/remove': {},
  '/add': { method: 'totp' },
  '/add/permit': { pass: 'AAAA-AAAA-AAAA-AAAA' },
  '/add/webauthn/confirm': { authenticatorId: 'x', answer: '{}' },
  '/add/webauthn/cancel': {},
  '/add/totp/confirm': { authenticatorId: 'x', answer: '000000' },
  '/add/totp/cancel': {},
  '/add/sms': { phone: '+4915112345678' },
  '/add/sms/resend': {},
  '/add/sms/confirm': { authenticatorId: 'x', answer: '000000' },
  '/add/sms/cancel': {},
  '/recovery-codes': {},
  '/approvals/x': { decision: 'deny' },
  '/apps/x/activate': {},
  '/apps/x/block': {},
  '/app-passwords/new': { label: 'Thief', expiry: 'never', 'use-mail': 'yes' },
  '/app-passwords/revoke': {},
  '/sessions/x/end': {},
  '/authorized-apps/x/end': {},
  '/browsers/forget': {},
  '/browsers/x/forget': {},
  '/password': { current: 'x', next: 'correct horse battery 42 staple' },
}

async function demand(definition: Record<string, unknown>): Promise<void> {
  const now = new Date()
  await world.sts.kept.policies.put({ id: randomUUID(), name: 'All', mode: 'on', definition, createdAt: now, updatedAt: now })
}

const idFor = async (person: TestPerson): Promise<string> =>
  person.totpSecret === undefined ? randomUUID() : newestOf(world, person)

/** Opens every page and sends every form. Where that led, each place once. */
async function tryAll(browser: Browser, person: TestPerson, csrf: string): Promise<ReadonlySet<string>> {
  const id = await idFor(person)
  const seen = new Set<string>()
  const note = (asked: string, { status, url }: { status: number; url: string }) =>
    seen.add(
      new URL(url).pathname.includes('/portal') || status >= 500
        ? `${asked}: ${status} ${url}`
        : pathOf({ url } as never).replace(/[^/]+$/, 'ATTEMPT'),
    ) // pathOf reads the address alone
  for (const below of pages) note(`GET ${below}`, await browser.open(`${world.issuer}/portal${below.replace('ID', id)}`))
  for (const [below, form] of Object.entries(forms))
    note(`POST ${below}`, await browser.post(`${world.issuer}/portal${below.replace('ID', id)}`, { ...form, csrf }))
  return seen
}

/** All that a form of the portal could have changed. */
async function stateOf(person: TestPerson) {
  const { kept, service } = world.sts
  const { id } = person.account
  return {
    factors: (await kept.authenticators.list(id)).map(({ label, state, isDefault }) => ({ label, state, isDefault })),
    codes: await service.recoveryCodes.left(kept, id),
    events: (await eventsOf(world, person)).filter((event) => !event.startsWith('signin.')),
    password: (await service.accounts.signIn(kept, { name: person.upn, password: person.password })).outcome,
  }
}

describe('where policy asks for a second factor', () => {
  beforeEach(() => demand({ require: ['second-factor'] }))

  it.each([
    ['with a factor', true],
    ['without one', false],
  ])('a password alone opens no page to somebody %s', async (_, factor) => {
    const person = await somebody(world, { factor })
    const { browser } = await atSecondStep(world, person)
    const before = await stateOf(person)
    expect([...(await tryAll(browser, person, 'x'))]).toEqual(['/signin/ATTEMPT'])
    expect(await stateOf(person)).toEqual(before)
  })

  it('opens to who has shown one', async () => {
    expect(pathOf((await visitPortal(world, await somebody(world), '/methods')).page)).toBe('/portal/methods')
  })
})

it.each([
  ['asks for a second factor', { require: ['second-factor'] }],
  ['blocks', { access: 'block' }],
])('a session that was enough ends where policy %s from now on, and so do its forms', async (_, definition) => {
  const joe = await somebody(world, { factor: false })
  const { browser, page } = await visitPortal(world, joe, '/password')
  const csrf = formTo(page, '/password').fields.find(({ name }) => name === 'csrf')?.value ?? ''
  await demand(definition)
  const before = await stateOf(joe)
  expect([...(await tryAll(browser, joe, csrf))]).toEqual(['/signin/ATTEMPT'])
  expect(await stateOf(joe)).toEqual(before)
})

it('an administrator who demands a second factor of one account closes it to the password alone', async () => {
  const joe = await somebody(world, { factor: false })
  const { browser } = await visitPortal(world, joe)
  await world.sts.kept.enforcement.set([joe.account.id], { state: 'enforced', at: new Date() })
  expect([...(await tryAll(browser, joe, 'x'))]).toEqual(['/signin/ATTEMPT'])
})

it.each(['/portal', '/portal/methods'])(
  'the way back to %s ends with a page for who is not let in, and in no circle',
  async (state) => {
    await demand({ require: ['second-factor'] })
    const mary = await somebody(world)
    const { browser } = await atSecondStep(world, mary)
    for (const error of ['', '&error=access_denied']) {
      const page = await browser.open(`${world.issuer}/portal/signed-in?state=${encodeURIComponent(state)}${error}`)
      expect([page.status, page.hops.length]).toEqual([403, 0])
      expect(page.html).not.toContain(mary.upn)
    }
  },
)
