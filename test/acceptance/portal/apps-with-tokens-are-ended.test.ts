/** The owner sees which apps sign in with tokens and ends one of them; nobody else does, and no other app notices. */
import { randomUUID } from 'node:crypto'
import type { ClientId, FamilyId } from '@postern/storage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, refresh } from '../../support/person-browser.ts'
import { textOf } from '../support/browser.ts'
import { basic, claimsOf, mailTokens, signedIn, verdict, type World } from '../support/world.ts'
import { linkTo, pathOf, send, somebody, startQuietWorld, trailOf, visitPortal } from './portal-visit.ts'

let world: World
let outlook: string
beforeAll(async () => {
  world = await startQuietWorld()
  outlook = (await world.sts.kept.clients.find(clientId()))?.displayName ?? ''
})
afterAll(() => world.close())

const clientId = () => world.sts.clients.mail.clientId as ClientId
const isActive = async (token: string): Promise<unknown> =>
  (await askToken(`${world.issuer}/oauth2/v2.0/introspect`, { token }, basic(world.sts.clients.server))).body.active
const refreshed = async (token: string): Promise<string> => verdict(await refresh(world.token, clientId(), token))
const endPageOf = (family: unknown) => `${world.issuer}/portal/authorized-apps/${String(family)}/end`

describe('an app that signs in with tokens', () => {
  it('is on the first page, and once it is ended its tokens get nothing any more', async () => {
    const mary = await somebody(world)
    const [phone, laptop] = [
      await mailTokens(world, await signedIn(world, mary)),
      await mailTokens(world, await signedIn(world, mary)),
    ]
    expect(claimsOf(laptop.refresh).fam).not.toBe(claimsOf(phone.refresh).fam)
    const { browser, page } = await visitPortal(world, mary)
    expect(outlook).not.toBe('')
    expect(textOf(page.html).split(`${outlook} Signed in`)).toHaveLength(3)

    const asked = await browser.open(linkTo(page, new RegExp(`/authorized-apps/${String(claimsOf(phone.refresh).fam)}/end$`)))
    expect(textOf(asked.html)).toContain(`${outlook} has to be signed in again.`)
    expect(await isActive(phone.access)).toBe(true)

    const home = await send({ browser, page: asked }, '/end')
    expect(pathOf(home)).toBe('/portal')
    expect(textOf(home.html).split(`${outlook} Signed in`)).toHaveLength(2)
    expect([await refreshed(phone.refresh), await isActive(phone.access)]).toEqual(['400 invalid_grant', false])
    expect([await isActive(laptop.access), await refreshed(laptop.refresh)]).toEqual([true, '200 ok'])

    const ended = (await trailOf(world, mary)).filter(({ event }) => event === 'family.revoked')
    const detail = { because: 'its owner', familyId: claimsOf(phone.refresh).fam }
    expect(ended.map((row) => ({ clientId: row.clientId, detail: row.detail }))).toEqual([{ clientId: clientId(), detail }])
    expect(textOf((await browser.open(`${world.issuer}/portal/activity`)).html)).toContain(`${outlook}: signed out.`)
    expect((await browser.open(asked.url)).status).toBe(404)
  })

  it('is of no use to anybody else, and to no form that is not of this session', async () => {
    const [mary, anna] = [await somebody(world), await somebody(world)]
    const { access, refresh: held } = await mailTokens(world, await signedIn(world, mary))
    const end = endPageOf(claimsOf(held).fam)
    const csrfOn = ({ page }: Awaited<ReturnType<typeof visitPortal>>) =>
      page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''

    const foreign = await visitPortal(world, anna, '/password')
    expect(csrfOn(foreign)).not.toBe('')
    expect((await foreign.browser.open(end)).status).toBe(404)
    expect((await foreign.browser.post(end, { csrf: csrfOn(foreign) })).status).toBe(404)

    const own = await visitPortal(world, mary, '/password')
    expect((await own.browser.post(end, { csrf: csrfOn(foreign) })).status).toBe(403)
    expect([await isActive(access), await refreshed(held)]).toEqual([true, '200 ok'])
    expect((await trailOf(world, mary)).filter(({ event }) => event === 'family.revoked')).toEqual([])
    expect(pathOf(await own.browser.post(end, { csrf: csrfOn(own) }))).toBe('/portal')
  })

  it('is one of six on the first page, and all of them are a page at a time behind it', async () => {
    const mary = await somebody(world)
    const now = new Date()
    const later = new Date(now.getTime() + 3_600_000)
    for (let at = 0; at < 27; at += 1)
      await world.sts.kept.refreshTokens.start({
        handle: randomUUID(),
        familyId: randomUUID() as FamilyId,
        accountId: mary.account.id,
        clientId: clientId(),
        payload: {},
        issuedAt: now,
        expiresAt: later,
        familyEndsAt: later,
      })
    const { browser, page } = await visitPortal(world, mary)
    const shown = (html: string) => html.match(/\/authorized-apps\/[\w-]+\/end"/g)?.length ?? 0
    expect(textOf(page.html)).toContain('All of these apps (27)')
    const all = await browser.open(linkTo(page, /\/portal\/authorized-apps$/))
    const further = await browser.open(linkTo(all, /\/authorized-apps\?page=2$/))
    expect([page, all, further].map(({ html }) => shown(html))).toEqual([6, 25, 2])
  })
})
