/**
 * A session of the portal that nobody uses signs in again; a person sees where they are signed in and ends it there, and
 * reads what happened with the account.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, textOf } from '../support/browser.ts'
import { authorization, signedIn, type World, walk } from '../support/world.ts'
import { eventsOf, linkTo, pathOf, send, somebody, startQuietWorld, trailOf, visitPortal } from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())

const look = async (browser: Browser, path: string) => pathOf(await browser.open(`${world.issuer}/portal${path}`))
const signIn = expect.stringMatching(/^\/signin\//)

describe('a session of the portal', () => {
  it('lives as long as it is used, and after fifteen minutes without use signs in and comes back to the page', async () => {
    const mary = await somebody(world)
    const { browser } = await visitPortal(world, mary)
    for (let visits = 0; visits < 3; visits += 1) {
      world.pass(14 * 60)
      expect(await look(browser, '/methods')).toBe('/portal/methods')
    }
    world.pass(15 * 60 + 1)
    const asked = await browser.open(`${world.issuer}/portal/activity`)
    expect(pathOf(asked)).toEqual(signIn)
    const back = await walk(world, browser, asked, mary)
    expect(pathOf(back)).toBe('/portal/activity')
    expect(await look(browser, '/methods')).toBe('/portal/methods')
  })

  it('is over too where it began in another app and never came here', async () => {
    const mary = await somebody(world)
    const browser = await signedIn(world, mary)
    world.pass(16 * 60)
    expect(await look(browser, '')).toEqual(signIn)
    // The app goes on: it is the portal that was left alone.
    expect((await browser.open(authorization(world).url)).left?.searchParams.get('code')).toBeTruthy()
  })

  it('is not kept alive by a page that looks again by itself', async () => {
    const mary = await somebody(world)
    const { browser } = await visitPortal(world, mary)
    const paths = []
    for (let minutes = 0; minutes < 16; minutes += 4) {
      paths.push(await look(browser, '/approvals'))
      world.pass(240)
    }
    expect(paths).toEqual(Array(4).fill('/portal/approvals'))
    expect(await look(browser, '/approvals')).toEqual(signIn)
  })

  it('does nothing for a form that was left open, and lasts as long as the realm says', async () => {
    await world.changeSettings({ portalIdleMinutes: 2 })
    const mary = await somebody(world)
    const visit = await visitPortal(world, mary, '/password')
    world.pass(121)
    const late = await send(visit, '/portal/password', { current: mary.password, next: 'plough-lantern-seven-otters' })
    expect(pathOf(late)).toEqual(signIn)
    expect(await eventsOf(world, mary)).not.toContain('password.changed')
    await world.changeSettings({ portalIdleMinutes: 15 })
  })
})

describe('where one is signed in', () => {
  it('is ended from elsewhere, and told by no name that opens anything', async () => {
    const mary = await somebody(world)
    const other = await signedIn(world, mary)
    const visit = await visitPortal(world, mary)
    expect(textOf(visit.page.html)).toMatch(/Where you are signed in .*This browser .*Another browser .*End/)
    const attempts = (await world.sts.kept.artifacts.listByAccount('Session', mary.account.id, new Date())).map(({ payload }) =>
      String(payload.uid),
    )
    expect(attempts.filter((attempt) => visit.page.html.includes(attempt))).toEqual([])

    const anna = await visitPortal(world, await somebody(world), '/password')
    const csrf = anna.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const end = linkTo(visit.page, /\/portal\/sessions\/[\w-]+\/end/)
    expect((await anna.browser.open(end)).status).toBe(404)
    expect((await anna.browser.post(end, { csrf })).status).toBe(404)
    expect((await other.open(authorization(world).url)).left).toBeDefined()

    const asked = await visit.browser.open(end)
    expect(textOf(asked.html)).toContain('Apps that were given access in that browser during this sign-in lose it as well')
    expect((await visit.browser.post(end, { csrf })).status).toBe(403)
    expect((await other.open(authorization(world).url)).left).toBeDefined()
    const after = await send({ ...visit, page: asked }, '/end')
    expect(textOf(after.html)).not.toContain('Another browser')
    expect((await other.open(authorization(world).url)).left).toBeUndefined()
    expect(await look(visit.browser, '/methods')).toBe('/portal/methods')
    const ended = (await trailOf(world, mary)).filter(({ event }) => event === 'session.ended')
    expect(ended.map(({ detail }) => detail)).toEqual([{ because: 'its owner' }])
  })
})

describe('recent activity', () => {
  it('is told as sentences, page by page, and without anything of the rows', async () => {
    const mary = await somebody(world)
    for (let at = 0; at < 35; at += 1) {
      world.pass(1)
      await world.sts.kept.audit.append({
        id: `row-${mary.account.id}-${at}`,
        at: new Date(),
        event: at === 0 ? 'approval.denied' : at === 1 ? 'no.such_event' : 'recovery_codes.replaced',
        outcome: at === 0 ? 'refused' : 'allowed',
        reference: 'ref-of-row',
        accountId: mary.account.id,
        actor: 'admin-of-row',
        detail: { of: 10, because: 'raw-detail' },
      })
    }
    const { page, browser } = await visitPortal(world, mary, '/activity')
    const text = textOf(page.html)
    expect(text).toContain('Signed in with: Password.')
    expect(text).toContain('New recovery codes were made. now')
    expect(text).toContain('by whoever runs Contoso')
    expect(page.html).not.toMatch(/ref-of-row|admin-of-row|raw-detail|no\.such|replaced/)
    expect(text).not.toContain('waited for your approval')
    const older = /href="([^"]*\/activity\?before=\d+)"/.exec(page.html)?.[1] ?? ''
    const next = await browser.open(new URL(older, page.url).href)
    expect(textOf(next.html)).toContain('A sign-in that waited for your approval was stopped.')
    const told = [page, next].map(({ html }) => html.match(/New recovery codes were made/g)?.length ?? 0)
    expect(told.reduce((sum, one) => sum + one, 0)).toBe(33)
  })
})

it('the set-up page names the servers that the realm has told', async () => {
  await world.changeSettings({ mailHosts: { imap: { host: 'imap.contoso.com', port: 993, tls: 'implicit' } } })
  const mary = await somebody(world)
  const { page } = await visitPortal(world, mary, '/setup')
  expect(textOf(page.html)).toContain(`User name ${mary.upn} Incoming mail (IMAP) imap.contoso.com, port 993, SSL/TLS`)
})
