/** A person changes the own password, which ends what the old one began, and has browsers forgotten. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, redeem } from '../../support/person-browser.ts'
import { textOf } from '../support/browser.ts'
import { authorization, codeOf, signedIn, type World } from '../support/world.ts'
import { eventsOf, mailsOf, pathOf, send, somebody, startQuietWorld, visitPortal } from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())

const next = 'plough-lantern-seven-otters'

describe('the password', () => {
  it('is changed with the one that there is; sessions and tokens of the old one end, and its owner is told', async () => {
    const mary = await somebody(world)
    const app = await signedIn(world, mary)
    const tokens = await redeem(world.token, await codeOf(app, authorization(world)))
    const visit = await visitPortal(world, mary, '/password')
    const done = await send(visit, '/portal/password', { current: mary.password, next, everywhere: 'yes' })
    // This session ended too: the new password is asked for, and then the page says what happened.
    expect(done.forms[0]?.fields.map(({ name }) => name)).toContain('name')

    expect((await app.open(authorization(world).url)).left).toBeUndefined()
    const refreshed = await askToken(world.token, {
      grant_type: 'refresh_token',
      refresh_token: String(tokens.body.refresh_token),
      client_id: world.sts.clients.mail.clientId,
    })
    expect(refreshed.body.error).toBe('invalid_grant')
    expect((await mailsOf(world, mary)).map(({ subject }) => subject)).toEqual(['Your password was changed'])
    expect(await eventsOf(world, mary)).toContain('password.changed')

    const again = await visitPortal(world, { ...mary, password: next }, '/password/changed')
    expect(textOf(again.page.html)).toContain('Your password is changed')
  })

  it('is changed without ending anything where the person wants that', async () => {
    const mary = await somebody(world)
    const app = await signedIn(world, mary)
    const visit = await visitPortal(world, mary, '/password')
    const done = await send(visit, '/portal/password', { current: mary.password, next })
    expect(pathOf(done)).toBe('/portal/password/changed')
    expect((await app.open(authorization(world).url)).left?.searchParams.get('code')).toBeTruthy()
  })

  it('is refused when it is wrong, missing, short, common or the same, and nothing is sent back', async () => {
    const mary = await somebody(world)
    const visit = await visitPortal(world, mary, '/password')
    const tried = async (form: Record<string, string>) => {
      const page = await send(visit, '/portal/password', form)
      expect(page.html).not.toContain(mary.password)
      return [page.status, /class="complaint"[^>]*>.*?<span>([^<]*)/s.exec(page.html)?.[1]]
    }
    const current = mary.password
    expect(await tried({ current: '', next })).toEqual([422, 'Type the password that you have now.'])
    expect(await tried({ current, next: '' })).toEqual([422, 'Type a new password.'])
    expect((await tried({ current: 'wrong', next }))[1]).toMatch(/^That is not your password\./)
    expect((await tried({ current, next: 'short' }))[1]).toMatch(/too short/)
    expect((await tried({ current, next: 'password1' }))[1]).toMatch(/attackers try first/)
    expect((await tried({ current, next: current }))[1]).toMatch(/that you have now/)
    expect((await tried({ current, next: 'x'.repeat(1001) }))[1]).toMatch(/too long/)
    expect(await eventsOf(world, mary)).not.toContain('password.changed')
  })

  it('is not guessed here either: wrong ones are counted where those of sign-ins are', async () => {
    const mary = await somebody(world)
    const visit = await visitPortal(world, mary, '/password')
    const statuses: number[] = []
    for (let tries = 0; tries < 12; tries += 1)
      statuses.push((await send(visit, '/portal/password', { current: `wrong ${tries}`, next })).status)
    expect(statuses.at(-1)).toBe(429)
    const right = await send(visit, '/portal/password', { current: mary.password, next })
    expect(right.status).toBe(429)
  })
})

describe('a remembered browser', () => {
  const remember = async (accountId: Awaited<ReturnType<typeof somebody>>['account']['id'], label: string) => {
    const id = randomUUID()
    const now = new Date()
    const expiresAt = new Date(now.getTime() + 86_400_000)
    const digest = new Uint8Array(Buffer.from(id))
    await world.sts.kept.rememberedBrowsers.add({ id, accountId, digest, label, createdAt: now, lastSeenAt: now, expiresAt })
    return id
  }

  it('is forgotten alone or with all others, by its owner and by nobody else', async () => {
    const [mary, anna] = [await somebody(world), await somebody(world)]
    const [first, , theirs] = [
      await remember(mary.account.id, 'Firefox · Linux'),
      await remember(mary.account.id, 'Safari · iPhone'),
      await remember(anna.account.id, 'Edge · Windows'),
    ]
    const left = async (id = mary.account.id) =>
      (await world.sts.kept.rememberedBrowsers.list(id, new Date())).map(({ label }) => label)
    const visit = await visitPortal(world, mary, '/browsers')
    expect(textOf(visit.page.html)).toContain('Firefox · Linux')
    expect(textOf(visit.page.html)).not.toContain('Edge')

    const csrf = visit.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const foreign = await visit.browser.post(`${world.issuer}/portal/browsers/${theirs}/forget`, { csrf })
    expect([foreign.status, await left(anna.account.id)]).toEqual([404, ['Edge · Windows']])

    await send(visit, `/browsers/${first}/forget`)
    expect(await left()).toEqual(['Safari · iPhone'])
    await remember(mary.account.id, 'Chrome · Android')
    await send({ ...visit, page: await visit.browser.open(visit.page.url) }, '/browsers/forget')
    expect(await left()).toEqual([])
    expect(await left(anna.account.id)).toEqual(['Edge · Windows'])
    expect((await eventsOf(world, mary)).filter((event) => event === 'browser.forgotten')).toHaveLength(2)
  })
})
