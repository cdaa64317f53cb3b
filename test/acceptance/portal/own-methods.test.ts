/** A person keeps the own sign-in methods in order: each change is theirs alone, written down, and told by e-mail. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBrowser, textOf } from '../support/browser.ts'
import { type World, walk } from '../support/world.ts'
import {
  addApp,
  codeFor,
  eventsOf,
  factorsOf,
  formTo,
  keyOn,
  mailsOf,
  newestOf,
  pathOf,
  send,
  somebody,
  startQuietWorld,
  trailOf,
  visitPortal,
} from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())

describe('the portal', () => {
  it('asks who somebody is, and leads back to the page that they were on the way to', async () => {
    const { page } = await visitPortal(world, await somebody(world, { factor: false }), '/browsers')
    expect(page.status).toBe(200)
    expect(pathOf(page)).toBe('/portal/browsers')
  })

  it('tells somebody with a password alone what that means', async () => {
    const { page } = await visitPortal(world, await somebody(world, { factor: false }))
    expect(textOf(page.html)).toContain('You sign in with your password alone.')
    expect(textOf(page.html)).toContain('This browser Signed in')
  })

  it('shows no page of it, and no name, to somebody who gave up signing in', async () => {
    const page = await createBrowser().open(`${world.issuer}/portal/signed-in?error=access_denied&state=/portal`)
    expect(page.status).toBe(403)
    expect(textOf(page.html)).toContain('You are not signed in')
  })

  it('leads a sign-in nowhere else, whatever the way back says', async () => {
    const { browser } = await visitPortal(world, await somebody(world, { factor: false }))
    for (const state of ['https://evil.example/', '//evil.example', '/portal/../x', '/portal/methods%0d%0aX: y']) {
      const page = await browser.open(`${world.issuer}/portal/signed-in?state=${encodeURIComponent(state)}`)
      expect([page.left, pathOf(page)]).toEqual([undefined, '/portal'])
    }
  })
})

describe('adding an app', () => {
  it('shows the same key until one code of it was right, then it works at the next sign-in, is written down and told', async () => {
    const mary = await somebody(world)
    const visit = await visitPortal(world, mary, '/add')
    const shown = await send(visit, '/portal/add', { method: 'totp' })
    const secret = keyOn(shown)
    expect(keyOn(await visit.browser.open(shown.url))).toBe(secret)
    const wrong = await send({ ...visit, page: shown }, '/confirm', { answer: '000000' })
    expect(wrong.status).toBe(422)
    expect(await factorsOf(world, mary)).toHaveLength(1)

    const done = await send({ ...visit, page: wrong }, '/confirm', { answer: await codeFor(secret) })
    expect(textOf(done.html)).toContain('Save your recovery codes')
    expect(done.html.match(/<li><code>/g)).toHaveLength(10)
    expect((await factorsOf(world, mary)).map(({ label }) => label)).toEqual(['Test', 'Authenticator app'])
    expect(await eventsOf(world, mary)).toEqual(
      expect.arrayContaining(['factor.enrolment_failed', 'factor.enrolled', 'recovery_codes.replaced']),
    )
    expect((await mailsOf(world, mary)).map(({ subject }) => subject)).toEqual([
      'A sign-in method was added to your account',
      'Your account has new recovery codes',
    ])

    world.pass(60)
    const browser = createBrowser()
    const again = await walk(world, browser, await browser.open(`${world.issuer}/portal/add`), { ...mary, totpSecret: secret })
    expect(pathOf(again)).toBe('/portal/add')
  })

  it('shows the key to nobody else, not even to the same person in another browser', async () => {
    const mary = await somebody(world)
    const first = await visitPortal(world, mary, '/add')
    await send(first, '/portal/add', { method: 'totp' })
    const second = await visitPortal(world, mary, '/add/totp')
    expect(pathOf(second.page)).toBe('/portal/add')
  })

  it('forgets what was begun when the person thinks again', async () => {
    const visit = await visitPortal(world, await somebody(world), '/add')
    const shown = await send(visit, '/portal/add', { method: 'totp' })
    expect(pathOf(await send({ ...visit, page: shown }, '/cancel'))).toBe('/portal/add')
    expect(pathOf(await visit.browser.open(shown.url))).toBe('/portal/add')
  })
})

describe('a method', () => {
  it('gets another name on one line, and an empty or a long one is refused', async () => {
    const mary = await somebody(world)
    const id = await newestOf(world, mary)
    const visit = await visitPortal(world, mary, `/methods/${id}`)
    expect((await send(visit, '/rename', { label: '   ' })).status).toBe(422)
    expect((await send(visit, '/rename', { label: 'x'.repeat(61) })).status).toBe(422)
    const page = await send(visit, '/rename', { label: '  Phone\r\nX:\u202e y ' })
    expect(pathOf(page)).toBe('/portal/methods')
    expect((await factorsOf(world, mary))[0]?.label).toBe('Phone X: y')
    expect(await eventsOf(world, mary)).toContain('factor.renamed')
  })

  it('is asked for first from now on, and it alone', async () => {
    const mary = await somebody(world)
    const { browser } = await addApp(world, mary)
    const id = await newestOf(world, mary)
    const visit = await visitPortal(world, mary, `/methods/${id}`, browser)
    const page = await send(visit, '/default')
    expect(pathOf(page)).toBe('/portal/methods')
    expect((await factorsOf(world, mary)).map(({ isDefault }) => isDefault)).toEqual([false, true])
    expect(await eventsOf(world, mary)).toContain('factor.default')
  })

  it('goes after a question, while another one stays, and its owner is told', async () => {
    const mary = await somebody(world)
    const { browser } = await addApp(world, mary)
    await mailsOf(world, mary)
    const id = await newestOf(world, mary)
    const visit = await visitPortal(world, mary, `/methods/${id}/remove`, browser)
    expect(textOf(visit.page.html)).toContain('Remove Authenticator app?')
    expect(pathOf(await send(visit, '/remove'))).toBe('/portal/methods')
    expect(await factorsOf(world, mary)).toHaveLength(1)
    expect(await eventsOf(world, mary)).toContain('factor.removed')
    expect((await mailsOf(world, mary)).map(({ subject }) => subject)).toEqual(['A sign-in method was removed from your account'])
  })

  it('stays when it is the last one and a second factor is demanded, by a policy or of this account alone', async () => {
    const mary = await somebody(world)
    await world.sts.kept.enforcement.set([mary.account.id], { state: 'enforced', at: new Date() })
    const id = await newestOf(world, mary)
    const visit = await visitPortal(world, mary, `/methods/${id}/remove`)
    expect(textOf(visit.page.html)).toContain('cannot be removed yet')
    // Whoever posts all the same is refused as well.
    const own = await visitPortal(world, mary, `/methods/${id}`, visit.browser)
    const { csrf } = Object.fromEntries(formTo(own.page, '/rename').fields.map(({ name, value }) => [name, value]))
    const posted = await visit.browser.post(visit.page.url, { csrf: csrf ?? '' })
    expect(posted.status).toBe(409)
    expect(await factorsOf(world, mary)).toHaveLength(1)
  })

  it('stays as well when a policy asks everybody for a second factor', async () => {
    const mary = await somebody(world)
    const visit = await visitPortal(world, mary, `/methods/${await newestOf(world, mary)}/remove`)
    expect(textOf(visit.page.html)).toContain('It is your last one')
    const now = new Date()
    const definition = { require: ['second-factor'] }
    await world.sts.kept.policies.put({ id: 'p', name: 'All', mode: 'on', definition, createdAt: now, updatedAt: now })
    expect((await send(visit, '/remove')).status).toBe(409)
    await world.sts.kept.policies.remove('p')
    expect(pathOf(await send(visit, '/remove'))).toBe('/portal/methods')
    expect(await factorsOf(world, mary)).toEqual([])
  })

  it('of somebody else is not there, to see, to rename, to make first or to remove', async () => {
    const mary = await somebody(world)
    const anna = await somebody(world)
    const theirs = await newestOf(world, anna)
    const visit = await visitPortal(world, mary, `/methods/${await newestOf(world, mary)}`)
    const form = formTo(visit.page, '/rename')
    const csrf = form.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const at = (below: string) => `${world.issuer}/portal/methods/${theirs}${below}`
    expect((await visit.browser.open(at(''))).status).toBe(404)
    expect((await visit.browser.open(at('/remove'))).status).toBe(404)
    for (const below of ['/rename', '/default', '/remove']) {
      expect((await visit.browser.post(at(below), { csrf, label: 'mine' })).status).toBe(404)
    }
    expect((await factorsOf(world, anna)).map(({ label, isDefault }) => [label, isDefault])).toEqual([['Test', false]])
  })
})

describe('recovery codes', () => {
  it('are replaced as a set and shown once: no page shows them again', async () => {
    const mary = await somebody(world)
    const visit = await visitPortal(world, mary, '/recovery-codes')
    const first = codesOn((await send(visit, '/recovery-codes')).html)
    const second = codesOn((await send(visit, '/recovery-codes')).html)
    expect([first.length, second.length]).toEqual([10, 10])
    expect(second.filter((code) => first.includes(code))).toEqual([])
    expect(codesOn((await visit.browser.open(visit.page.url)).html)).toEqual([])
    expect((await trailOf(world, mary)).filter(({ event }) => event === 'recovery_codes.replaced')).toHaveLength(2)
  })

  it('are for somebody who has a second factor', async () => {
    const { page } = await visitPortal(world, await somebody(world, { factor: false }), '/recovery-codes')
    expect(textOf(page.html)).toContain('Set up a second step first')
  })
})

const codesOn = (html: string): readonly string[] => [...html.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code = '']) => code)
