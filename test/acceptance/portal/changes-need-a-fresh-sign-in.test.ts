/**
 * A stolen session changes nothing (R107, R121): whoever changes how somebody signs in has shown all that there is within ten
 * minutes. A password alone binds no first factor either. And no other site can press a button of the portal (R130).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBrowser, textOf } from '../support/browser.ts'
import { authorization, type World, walk } from '../support/world.ts'
import {
  eventsOf,
  factorsOf,
  formTo,
  mailsOf,
  newestOf,
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

const asksForPassword = (html: string) => /name="(name|password)"/.test(html)

describe('a session of eleven minutes', () => {
  it.each(['/add', '/add/sms', '/recovery-codes', '/methods/ID', '/methods/ID/remove'])(
    'is asked again before %s',
    async (path) => {
      const mary = await somebody(world)
      const below = path.replace('ID', await newestOf(world, mary))
      const { browser, page } = await visitPortal(world, mary, below)
      expect(pathOf(page)).toBe(`/portal${below}`)
      world.pass(601)
      const again = await browser.open(`${world.issuer}/portal${below}`)
      expect(asksForPassword(again.html)).toBe(true)
      // The password alone does not do, and both lead back to the page.
      world.pass(30)
      expect(pathOf(await walk(world, browser, again, mary))).toBe(`/portal${below}`)
    },
  )

  it('cannot send a form that was opened while it was fresh', async () => {
    const mary = await somebody(world)
    const id = await newestOf(world, mary)
    const visit = await visitPortal(world, mary, `/methods/${id}`)
    world.pass(601)
    const answer = await send(visit, '/rename', { label: 'Thief' })
    expect(asksForPassword(answer.html)).toBe(true)
    expect((await factorsOf(world, mary))[0]?.label).toBe('Test')
  })

  it('still sees what there is', async () => {
    const { browser } = await visitPortal(world, await somebody(world))
    world.pass(660)
    expect(pathOf(await browser.open(`${world.issuer}/portal/methods`))).toBe('/portal/methods')
  })
})

describe('a session that showed a password alone', () => {
  it('is asked for the factor that the account has before any change', async () => {
    const mary = await somebody(world)
    const browser = createBrowser()
    let page = await browser.open(`${world.issuer}/portal/add`)
    page = await browser.submit(page, { name: mary.upn })
    page = await browser.submit(page, { password: mary.password })
    expect(page.forms[0]?.fields.map(({ name }) => name)).toContain('code')
    expect(textOf(page.html)).not.toContain('Add a sign-in method')
  })
})

describe('a first factor', () => {
  const loopback = ['127.0.0.0/8', '::1/128']
  beforeAll(() => world.changeSettings({ trustedNetworks: ['198.51.100.0/24'] }))
  afterAll(() => world.changeSettings({ trustedNetworks: loopback }))

  it('is bound from a trusted network', async () => {
    await world.changeSettings({ trustedNetworks: loopback })
    const { page } = await visitPortal(world, await somebody(world, { factor: false }), '/add')
    await world.changeSettings({ trustedNetworks: ['198.51.100.0/24'] })
    expect(textOf(page.html)).toContain('Authenticator app')
  })

  it('is not bound with a password alone from elsewhere, however it is asked for', async () => {
    const joe = await somebody(world, { factor: false })
    const visit = await visitPortal(world, joe, '/add')
    expect(textOf(visit.page.html)).toContain('First show that it is you')
    const csrf = formTo(visit.page, '/permit').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    for (const [below, form] of [
      ['/add', { method: 'totp' }],
      ['/add', { method: 'webauthn' }],
      ['/add/sms', { phone: '+4915112345678', channel: 'sms' }],
      ['/add/sms', { proposedId: 'nothing' }],
      ['/add/totp/confirm', { authenticatorId: 'x', answer: '000000' }],
    ] as const) {
      await visit.browser.post(`${world.issuer}/portal${below}`, { csrf, ...form })
      expect(await world.sts.kept.authenticators.list(joe.account.id), below).toEqual([])
    }
  })

  it('is bound with an access pass, which is written down and told; a wrong one is refused like none at all', async () => {
    const joe = await somebody(world, { factor: false })
    const visit = await visitPortal(world, joe, '/add')
    const none = await send(visit, '/permit', { pass: 'AAAA-AAAA-AAAA-AAAA' })
    const { pass } = await world.sts.service.passes.give(world.sts.kept, {
      accountId: joe.account.id,
      uses: 'once',
      minutes: 60,
      createdBy: 'test',
    })
    const wrong = await send(visit, '/permit', { pass: 'BBBB-BBBB-BBBB-BBBB' })
    const told = (html: string) => /class="complaint"[^>]*>.*?<span>([^<]*)/.exec(html)?.[1]?.replace(/ You have.*/, '')
    expect([none.status, wrong.status]).toEqual([422, 422])
    expect(told(wrong.html)).toBe(told(none.html))

    const right = await send(visit, '/permit', { pass: pass.toLowerCase() })
    expect(pathOf(right)).toBe('/portal/add')
    expect(textOf(right.html)).toContain('Authenticator app')
    expect(await eventsOf(world, joe)).toContain('access_pass.used')
    expect((await mailsOf(world, joe)).map(({ subject }) => subject)).toEqual(['A temporary access pass was used to sign in'])

    // Leave was given to this session alone.
    const elsewhere = await visitPortal(world, joe, '/add')
    expect(textOf(elsewhere.page.html)).toContain('First show that it is you')
  })
})

describe('a form', () => {
  const forms = [
    '/add',
    '/add/permit',
    '/add/sms',
    '/add/sms/resend',
    '/add/totp/confirm',
    '/add/totp/cancel',
    '/recovery-codes',
    '/browsers/forget',
    '/browsers/x/forget',
    '/approvals/x',
    '/password',
    '/methods/x/rename',
    '/methods/x/default',
    '/methods/x/remove',
  ]
  const filled = {
    method: 'totp',
    pass: 'x',
    phone: '+4915112345678',
    authenticatorId: 'x',
    answer: 'x',
    decision: 'deny',
    current: 'x',
    next: 'y',
    label: 'x',
  }

  it('of another session, or of none, is refused before anything is looked at', async () => {
    const [mary, joe] = [await somebody(world), await somebody(world)]
    const anna = await visitPortal(world, joe, '/add')
    const theirs = formTo(anna.page, '/portal/add').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const { browser } = await visitPortal(world, mary, '/add')
    for (const below of forms) {
      for (const csrf of ['', 'x', theirs]) {
        const answer = await browser.post(`${world.issuer}/portal${below}`, { ...filled, csrf })
        expect([below, csrf, answer.status]).toEqual([below, csrf, 403])
      }
    }
  })

  it('from nobody leads to a sign-in and does nothing', async () => {
    for (const below of forms) {
      const answer = await createBrowser().post(`${world.issuer}/portal${below}`, { ...filled, csrf: 'x' })
      expect(asksForPassword(answer.html), below).toBe(true)
    }
  })
})

it('a session that an administrator ended opens the portal no more', async () => {
  const mary = await somebody(world)
  const { browser } = await visitPortal(world, mary, '/methods')
  await world.sts.kept.accounts.signOut(mary.account.id, new Date())
  expect(asksForPassword((await browser.open(`${world.issuer}/portal/methods`)).html)).toBe(true)
})

it('a session of an app is the session of the portal, and the other way round', async () => {
  const mary = await somebody(world)
  world.pass(30)
  const browser = createBrowser()
  const page = await walk(world, browser, await browser.open(authorization(world).url), mary)
  expect(page.left).toBeDefined()
  const portal = await walk(world, browser, await browser.open(`${world.issuer}/portal/add`), mary)
  expect(pathOf(portal)).toBe('/portal/add')
})
