/**
 * An app that knows only a password waits at the gate until its owner, at the portal and with a second factor shown lately,
 * lets it in. Its owner blocks, renames and removes it as well, and cannot let in what the organisation keeps out.
 */
import { randomUUID } from 'node:crypto'
import type { MailApp } from '@postern/storage'
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gate, phone, startGate, thunderbird, verdictOf } from '../mail-apps/gate-stage.ts'
import { createBrowser, textOf } from '../support/browser.ts'
import { eventsOf, formTo, mailsOf, pathOf, send, visitPortal } from './portal-visit.ts'

let gate: Gate
beforeAll(async () => {
  gate = await startGate()
})
afterAll(() => gate.world.close())

const tries = async (person: TestPerson) =>
  verdictOf(await gate.ask({ name: person.upn, secret: person.password, app: thunderbird }))

/** Somebody with an app that waits. */
async function withApp(): Promise<{ mary: TestPerson; app: MailApp }> {
  const mary = await gate.person()
  expect(await tries(mary)).toBe('pending app_pending')
  const [app] = await gate.tiles(mary)
  if (app === undefined) throw new TypeError('no tile')
  return { mary, app }
}
const stateOf = async (person: TestPerson) => (await gate.tiles(person)).map(({ state, label }) => [state, label])

describe('an app that waits', () => {
  it('is a tile, is let in after a page that says what follows, and gets in at its next try', async () => {
    const { mary, app } = await withApp()
    const visit = await visitPortal(gate.world, mary)
    expect(textOf(visit.page.html)).toMatch(
      /One app waits for you\..*Thunderbird Waits for you .*IMAP .*203\.0\.113\.7 .*First try now .*Activate/,
    )
    await mailsOf(gate.world, mary)
    const asked = await visitPortal(gate.world, mary, `/apps/${app.id}/activate`, visit.browser)
    expect(textOf(asked.page.html)).toContain(
      'Thunderbird may read and send your mail from now on. It signs in with your password.',
    )
    expect(await stateOf(mary)).toEqual([['pending', 'Thunderbird']])
    const done = await send(asked, '/activate')
    expect(textOf(done.html)).toContain('It gets in the next time it tries.')
    expect(await tries(mary)).toBe('allow app_active')
    expect(await eventsOf(gate.world, mary)).toContain('mailapp.decided')
    expect((await mailsOf(gate.world, mary)).map(({ text }) => text.includes('Thunderbird'))).toEqual([true])
  })

  it('is let in by nobody whose second factor is older than ten minutes, nor by a password alone', async () => {
    const { mary, app } = await withApp()
    const visit = await visitPortal(gate.world, mary, `/apps/${app.id}/activate`)
    gate.world.pass(601)
    const late = await send(visit, '/activate')
    expect(late.forms[0]?.fields.map(({ name }) => name)).toContain('name')

    const thief = createBrowser()
    let page = await thief.open(`${gate.world.issuer}/portal/apps/${app.id}`)
    page = await thief.submit(page, { name: mary.upn })
    page = await thief.submit(page, { password: mary.password })
    expect(pathOf(page)).toBe(`/portal/apps/${app.id}`)
    const csrf = formTo(page, '/rename').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const tried = await thief.post(`${page.url}/activate`, { csrf })
    expect(tried.forms[0]?.fields.map(({ name }) => name)).toContain('code')
    expect(await stateOf(mary)).toEqual([['pending', 'Thunderbird']])
  })

  it('leads somebody without a factor to add one first', async () => {
    const joe = await gate.world.sts.addPerson({ name: `joe-${randomUUID().slice(0, 8)}`, factor: false })
    await tries(joe)
    const [app] = await gate.tiles(joe)
    const visit = await visitPortal(gate.world, joe, `/apps/${app?.id}/activate`)
    expect(textOf(visit.page.html)).toContain('First set up a second step')
    expect(visit.page.html).toContain('/portal/add"')
    const home = await visitPortal(gate.world, joe, '/password', visit.browser)
    const csrf = formTo(home.page, '/password').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    expect((await visit.browser.post(visit.page.url, { csrf })).status).toBe(403)
    expect(await stateOf(joe)).toEqual([['pending', 'Thunderbird']])
  })

  it('is nothing to anybody else', async () => {
    const { app, mary } = await withApp()
    const other = await visitPortal(gate.world, await gate.person(), '/password')
    const csrf = formTo(other.page, '/password').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const at = `${gate.world.issuer}/portal/apps/${app.id}`
    expect((await other.browser.open(at)).status).toBe(404)
    for (const change of ['activate', 'block', 'remove', 'rename'])
      expect([change, (await other.browser.post(`${at}/${change}`, { csrf, label: 'Mine' })).status]).toEqual([change, 404])
    expect(await stateOf(mary)).toEqual([['pending', 'Thunderbird']])
  })
})

describe('two phones of one model', () => {
  it('are told apart by the end of their device ids, and the whole of none is shown', async () => {
    const mary = await gate.person()
    for (const deviceId of ['APPLAAAA1111', 'APPLBBBB2222'])
      await gate.ask({ name: mary.upn, secret: mary.password, protocol: 'activesync', app: { ...phone, deviceId } })
    const visit = await visitPortal(gate.world, mary)
    expect(
      textOf(visit.page.html)
        .match(/Device ID Ends in \w+/g)
        ?.toSorted(),
    ).toEqual(['Device ID Ends in 1111', 'Device ID Ends in 2222'])
    const app = (await gate.tiles(mary)).find(({ traits }) => traits.deviceId === 'APPLAAAA1111')
    for (const path of ['', '/activate']) {
      const { page } = await visitPortal(gate.world, mary, `/apps/${app?.id}${path}`, visit.browser)
      expect(textOf(page.html)).toContain('Device ID Ends in 1111')
      expect(page.html).not.toContain('APPLAAAA')
    }
    const block = await visit.browser.open(`${gate.world.issuer}/portal/apps/${app?.id}/block`)
    expect(textOf(block.html)).toContain('iPhone15C4 gets no mail and can send none.')
    expect(textOf(block.html)).not.toContain('fetched')
  })
})

describe('what happened', () => {
  it('says which app tried a wrong password, which only found the server, and which app password was its own', async () => {
    const mary = await gate.person()
    const curl = { userAgent: 'curl/8.5.0' }
    await gate.ask({ name: mary.upn, secret: mary.password, protocol: 'autodiscover', app: curl })
    await gate.ask({ name: mary.upn, secret: 'not it', app: thunderbird })
    const secret = await gate.appPassword(mary, { bindsToFirstApp: true, label: 'Old tablet' })
    await gate.ask({ name: mary.upn, secret, app: thunderbird })
    const { page } = await visitPortal(gate.world, mary, '/activity')
    const text = textOf(page.html)
    expect(text).toContain('curl signed in to find your mail server. It opened no mail.')
    expect(text).not.toContain('curl opened')
    expect(text.match(/Thunderbird tried a wrong password\./g)).toHaveLength(1)
    expect(text).not.toMatch(/A sign-in failed|turned away/)
    expect(text).toContain('From then on the app password “Old tablet” works in Thunderbird only.')
  })
})

describe('its owner', () => {
  it('blocks it without a second factor, and lets it in again with one', async () => {
    const { mary, app } = await withApp()
    await gate.decide(app, 'active')
    expect(await tries(mary)).toBe('allow app_active')
    const visit = await visitPortal(gate.world, mary, `/apps/${app.id}/block`)
    expect(textOf(visit.page.html)).toContain('What it has fetched already stays on the device.')
    await send(visit, '/block')
    expect(await tries(mary)).toBe('blocked app_blocked')
    const again = await visitPortal(gate.world, mary, `/apps/${app.id}/activate`, visit.browser)
    await send(again, '/activate')
    expect(await tries(mary)).toBe('allow app_active')
  })

  it('renames it, and removes it with its app passwords, after which it is new', async () => {
    const { mary, app } = await withApp()
    const secret = await gate.appPassword(mary, { bindsToFirstApp: true })
    expect(verdictOf(await gate.ask({ name: mary.upn, secret, app: thunderbird }))).toBe('allow app_password')
    const visit = await visitPortal(gate.world, mary, `/apps/${app.id}`)
    expect(textOf((await send(visit, '/rename', { label: '  ' })).html)).toContain('Type a name of at most 60 characters.')
    const renamed = await send(visit, '/rename', { label: ' Laptop\u202e at   work ' })
    expect(textOf(renamed.html)).toContain('Laptop at work')
    const asked = await visitPortal(gate.world, mary, `/apps/${app.id}/remove`, visit.browser)
    expect(textOf(asked.page.html)).toContain('The app password that belongs to it ends.')
    expect(pathOf(await send(asked, '/remove'))).toBe('/portal')
    expect(verdictOf(await gate.ask({ name: mary.upn, secret, app: thunderbird }))).toBe('denied wrong_secret')
    expect(await tries(mary)).toBe('pending app_pending')
    expect((await gate.tiles(mary)).map(({ id }) => id === app.id)).toEqual([false])
    expect((await eventsOf(gate.world, mary)).filter((event) => /renamed|removed/.test(event))).toEqual([
      'mailapp.renamed',
      'mailapp.removed',
    ])
  })

  it('cannot let in, nor remove, what an administrator blocked, also while the page was open', async () => {
    const { mary, app } = await withApp()
    const open = await visitPortal(gate.world, mary, `/apps/${app.id}/activate`)
    const by = { state: 'blocked', from: ['pending'], at: new Date(), by: 'admin@contoso.com' } as const
    await gate.world.sts.kept.mailApps.decide(app.id, by)
    const tried = await send(open, '/activate')
    expect([tried.status, textOf(tried.html).includes('Only they can let it in again.')]).toEqual([409, true])
    expect(tried.html).not.toMatch(/\/activate"|\/remove"/)
    const csrf = formTo(tried, '/rename').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const removed = await open.browser.post(`${gate.world.issuer}/portal/apps/${app.id}/remove`, { csrf })
    expect(removed.status).toBe(409)
    expect(await stateOf(mary)).toEqual([['blocked', 'Thunderbird']])
  })
})

describe('an app that the organisation decides about', () => {
  it('says so and whom to ask; its owner can neither let it in nor block it, but remove it', async () => {
    const { mary, app } = await withApp()
    const now = new Date()
    const rule = {
      id: randomUUID(),
      name: 'Thunderbirds',
      mode: 'on',
      access: 'quarantine',
      createdAt: now,
      updatedAt: now,
    } as const
    await gate.world.sts.kept.appAccessRules.put({ ...rule, match: { protocol: ['imap'] } })
    // The gate has not seen it since, so it is kept as one that waits for its owner.
    const { page, browser } = await visitPortal(gate.world, mary, `/apps/${app.id}`)
    expect(textOf(page.html)).toMatch(/Waits for Contoso .*decides which apps.*ask whoever runs Contoso/)
    expect(page.html).not.toMatch(/\/(activate|block)"/)
    const csrf = formTo(page, '/rename').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const asked = await visitPortal(gate.world, mary, `/apps/${app.id}/activate`, browser)
    expect(pathOf(asked.page)).toBe(`/portal/apps/${app.id}`)
    for (const change of ['activate', 'block'])
      expect([change, (await browser.post(`${page.url}/${change}`, { csrf })).status]).toEqual([change, 409])
    expect(await stateOf(mary)).toEqual([['pending', 'Thunderbird']])
    await browser.post(`${page.url}/remove`, { csrf })
    expect(await stateOf(mary)).toEqual([])
    await gate.world.sts.kept.appAccessRules.remove(rule.id)
  })

  it('is not offered where letting it in would change nothing', async () => {
    const { mary, app } = await withApp()
    await gate.putPolicy({ password: { imap: 'block' } }, { accountId: mary.account.id })
    const { page } = await visitPortal(gate.world, mary, `/apps/${app.id}`)
    expect(textOf(page.html)).toContain('letting it in changes nothing. Ask whoever runs Contoso')
    expect(page.html).not.toContain('/activate"')
  })
})

describe('an app that is in by an app password', () => {
  it('is told so by its name, needs another one when that has ended, and takes the password once its owner says so', async () => {
    const mary = await gate.person()
    const secret = await gate.appPassword(mary, { label: 'Old tablet' })
    await gate.ask({ name: mary.upn, secret, app: thunderbird })
    expect(await tries(mary)).toBe('blocked app_password_required')
    const [app] = await gate.tiles(mary)
    const visit = await visitPortal(gate.world, mary, `/apps/${app?.id}`)
    expect(textOf(visit.page.html)).toMatch(
      /Active It gets in with an app password: Old tablet\. .*Activated now ?, for an app password/,
    )

    await gate.world.sts.kept.appPasswords.removeAll(mary.account.id)
    const without = await visitPortal(gate.world, mary, `/apps/${app?.id}`, visit.browser)
    expect(textOf(without.page.html)).toMatch(
      /Needs an app password It got in with an app password that has ended\..*Make an app password/,
    )
    const home = await visitPortal(gate.world, mary, '', visit.browser)
    expect(textOf(home.page.html)).toMatch(/Thunderbird Needs an app password .*Make an app password/)
    expect(await tries(mary)).toBe('blocked app_password_required')

    const asked = await visitPortal(gate.world, mary, `/apps/${app?.id}/activate`, visit.browser)
    expect(textOf(asked.page.html)).toContain('From now on your own password opens your mail in Thunderbird')
    await send(asked, '/activate')
    expect(await tries(mary)).toBe('allow app_active')
  })

  it('is offered an app password and no activation where policy takes those alone', async () => {
    const { mary, app } = await withApp()
    await gate.putPolicy({ password: { imap: 'app-password' } }, { accountId: mary.account.id })
    // Nothing is there to activate, so the page of the app is shown.
    const visit = await visitPortal(gate.world, mary, `/apps/${app.id}/activate`)
    expect(textOf(visit.page.html)).toMatch(
      /Needs an app password .* lets this app in with an app password only\..*Make an app password/,
    )
    expect(visit.page.html).not.toContain('/activate"')
    const csrf = formTo(visit.page, '/rename').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    expect((await visit.browser.post(`${visit.page.url}/activate`, { csrf })).status).toBe(409)
    expect(await stateOf(mary)).toEqual([['pending', 'Thunderbird']])
  })
})
