/**
 * A person makes app passwords after a second factor and where policy allows them, sees each secret once, and revokes them
 * one by one or all at once.
 */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gate, startGate, thunderbird, verdictOf } from '../mail-apps/gate-stage.ts'
import { createBrowser, type Page, textOf } from '../support/browser.ts'
import { eventsOf, formTo, mailsOf, type PortalVisit, pathOf, send, visitPortal } from './portal-visit.ts'

let gate: Gate
beforeAll(async () => {
  gate = await startGate()
})
afterAll(() => gate.world.close())

const kept = ({ account }: TestPerson) => gate.world.sts.kept.appPasswords.list(account.id)
const secretOn = (page: Page): string => /class="shown-secret"><code>([a-z2-9-]+)</.exec(page.html)?.[1] ?? ''
const wish = { label: 'Old tablet', expiry: '30', 'use-mail': 'yes', binds: 'yes', networks: ' 203.0.113.0/24, 2001:db8::1 ' }
const opens = async (person: TestPerson, secret: string, more: Record<string, unknown> = {}) =>
  verdictOf(await gate.ask({ name: person.upn, secret, app: thunderbird, ...more }))

async function make(person: TestPerson, visit?: PortalVisit): Promise<PortalVisit & { secret: string }> {
  const asked = await visitPortal(gate.world, person, '/app-passwords/new', visit?.browser)
  const page = await send(asked, '/app-passwords/new', wish)
  return { browser: asked.browser, page, secret: secretOn(page) }
}

describe('an app password', () => {
  it('is shown once, opens what was chosen from where it was chosen, and its owner is told', async () => {
    const mary = await gate.person()
    const made = await make(mary)
    expect(made.secret).toMatch(/^(?:[a-z2-9]{4}-){4}[a-z2-9]{4}$/)
    expect(textOf(made.page.html)).toContain('Type it into “Old tablet” in place of your password.')
    const [password] = await kept(mary)
    expect(password).toMatchObject({
      label: 'Old tablet',
      protocols: ['imap', 'smtp'],
      networks: ['203.0.113.0/24', '2001:db8::1'],
      bindsToFirstApp: true,
      createdBy: 'owner',
    })
    expect((password?.expiresAt?.getTime() ?? 0) - (password?.createdAt.getTime() ?? 0)).toBe(30 * 24 * 3_600_000)
    expect(await opens(mary, made.secret)).toBe('allow app_password')
    expect(await opens(mary, made.secret, { protocol: 'pop' })).toBe('denied app_password_scope')
    expect(await opens(mary, made.secret, { source: '198.51.100.9' })).toBe('denied app_password_scope')

    const list = await made.browser.open(`${gate.world.issuer}/portal/app-passwords`)
    expect(list.html).not.toContain(made.secret)
    expect(textOf(list.html)).toMatch(
      /Old tablet IMAP, SMTP Belongs to Thunderbird Used now from 203\.0\.113\.7 \(IMAP\) Made now · Until .* Works from 203/,
    )
    expect(await eventsOf(gate.world, mary)).toContain('app_password.created')
    expect((await mailsOf(gate.world, mary)).map(({ text }) => text.includes('Old tablet'))).toEqual([true])
    expect(JSON.stringify(await gate.world.sts.kept.audit.list({ limit: 100 }))).not.toContain(made.secret)
  })

  it('is made with a second factor of the last ten minutes alone', async () => {
    const mary = await gate.person()
    const thief = createBrowser()
    let page = await thief.open(`${gate.world.issuer}/portal/app-passwords`)
    page = await thief.submit(page, { name: mary.upn })
    page = await thief.submit(page, { password: mary.password })
    expect(pathOf(page)).toBe('/portal/app-passwords')
    const asked = await thief.open(`${page.url}/new`)
    expect(asked.forms[0]?.fields.map(({ name }) => name)).toContain('code')

    const visit = await visitPortal(gate.world, mary, '/app-passwords/new')
    gate.world.pass(601)
    const late = await send(visit, '/app-passwords/new', wish)
    expect(late.forms[0]?.fields.map(({ name }) => name)).toContain('name')
    expect(await kept(mary)).toEqual([])
  })

  it('is not made of what says too little, and what was typed stands there again', async () => {
    const mary = await gate.person()
    const visit = await visitPortal(gate.world, mary, '/app-passwords/new')
    const csrf = visit.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const wrong = await visit.browser.post(visit.page.url, { csrf, label: '', expiry: '90', networks: 'home' })
    expect(wrong.status).toBe(422)
    expect(textOf(wrong.html)).toMatch(/Type a name .*Choose at least one\. .*“home” is not an address and not a range\./)
    expect(wrong.html).toContain('value="home"')
    expect((await visit.browser.post(visit.page.url, { ...wish, csrf, expiry: '9999' })).status).toBe(400)
    expect(await kept(mary)).toEqual([])
  })

  it('is revoked alone, or with all others, after a page that says what follows', async () => {
    const mary = await gate.person()
    const secrets = [(await make(mary)).secret, await gate.appPassword(mary), await gate.appPassword(mary)]
    const [one] = (await kept(mary)).filter(({ label }) => label === 'Old tablet')
    const asked = await visitPortal(gate.world, mary, `/app-passwords/${one?.id}/revoke`)
    expect(textOf(asked.page.html)).toContain('Revoke Old tablet?')
    await send(asked, '/revoke')
    expect(await opens(mary, secrets[0] ?? '')).toBe('denied wrong_secret')
    expect(await opens(mary, secrets[1] ?? '')).toBe('allow app_password')

    const anna = await visitPortal(gate.world, await gate.person(), '/password')
    const csrf = anna.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const [left] = await kept(mary)
    const foreign = await anna.browser.post(`${gate.world.issuer}/portal/app-passwords/${left?.id}/revoke`, { csrf })
    expect([foreign.status, (await kept(mary)).length]).toEqual([404, 2])

    await send(await visitPortal(gate.world, mary, '/app-passwords/revoke', asked.browser), '/revoke')
    expect(await kept(mary)).toEqual([])
    expect((await eventsOf(gate.world, mary)).filter((event) => event === 'app_password.revoked')).toHaveLength(2)
  })

  it('is offered for what some mail server serves, and ticked for what brings mail there', async () => {
    const mary = await gate.person()
    await gate.putServer({ protocols: ['activesync', 'ews', 'autodiscover'] })
    try {
      const visit = await visitPortal(gate.world, mary, '/app-passwords/new')
      const boxes = formTo(visit.page, '/new').fields.map(({ name }) => name)
      expect(boxes.filter((name) => name.startsWith('use-'))).toEqual(['use-activesync', 'use-exchange'])
      expect(visit.page.html.match(/name="use-\w+" type="checkbox" value="yes" checked/g)).toEqual([
        'name="use-activesync" type="checkbox" value="yes" checked',
      ])
      const tried = await send(visit, '/app-passwords/new', wish)
      expect([tried.status, await kept(mary)]).toEqual([422, []])
    } finally {
      await gate.putServer()
    }
  })

  it('is not to be had where policy allows none, also by the form of before; of a switched-off protocol it has none', async () => {
    const mary = await gate.person()
    const visit = await visitPortal(gate.world, mary, '/app-passwords/new')
    const policyId = await gate.putPolicy({ password: { smtp: 'block' } }, { accountId: mary.account.id })
    await send(visit, '/app-passwords/new', wish)
    expect((await kept(mary)).map(({ protocols }) => protocols)).toEqual([['imap']])

    await gate.world.sts.kept.authenticationPolicies.remove(policyId)
    await gate.putPolicy({ appPasswords: false }, { accountId: mary.account.id })
    const refused = await send(visit, '/app-passwords/new', wish)
    expect([refused.status, textOf(refused.html).includes('Contoso does not allow app passwords.')]).toEqual([403, true])
    expect((await kept(mary)).length).toBe(1)
    const again = await visitPortal(gate.world, mary, '/app-passwords/new', visit.browser)
    expect(pathOf(again.page)).toBe('/portal/app-passwords')
    expect(again.page.html).not.toContain('/app-passwords/new"')
  })
})
